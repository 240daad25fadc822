metadata name = 'cmk_check: the right to read a list of subscriptions'
metadata description = 'For who has no right at a management group. Deploy it to any of them: az deployment sub create.'

targetScope = 'subscription'

@description('Required. Object id of the identity of the app: the output CMK_IDENTITY_PRINCIPAL_ID of main.bicep.')
param principalId string

@description('Required. Ids of the subscriptions.')
@minLength(1)
param subscriptionIds string[]

@description('Optional. Grant the built-in role Reader, which reads much more, in place of a role of two actions.')
param useReader bool = false

module grant 'subscription.bicep' = [
  for id in subscriptionIds: {
    scope: subscription(id)
    params: {
      principalId: principalId
      useReader: useReader
    }
  }
]
