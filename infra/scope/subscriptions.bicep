metadata name = 'cmk_check: the right to read a list of subscriptions'
metadata description = 'For people without rights at a management group. Deploy it to any one of the subscriptions: az deployment sub create.'

targetScope = 'subscription'

@description('Required. Object id of the identity of the app: the output CMK_IDENTITY_PRINCIPAL_ID of main.bicep.')
param principalId string

@description('Required. Ids of the subscriptions.')
@minLength(1)
param subscriptionIds string[]

@description('Optional. Grant the built-in role Reader, which allows much more, instead of a custom role with only the required actions.')
param useReader bool = false

@description('Optional. Let the role also read the keys of the accounts, their vaults, and who may use the keys. Without it, set CMK_KEY_HEALTH=off.')
param keyHealth bool = true

@description('Optional. Let the role also read Azure Policy exemptions, their assignments and initiatives. Without it, set CMK_EXCEPTIONS=off.')
param exceptions bool = true

module grant 'subscription.bicep' = [
  for id in subscriptionIds: {
    scope: subscription(id)
    params: {
      principalId: principalId
      useReader: useReader
      keyHealth: keyHealth
      exceptions: exceptions
    }
  }
]
