metadata name = 'cmk_check: the right to read a list of subscriptions'
metadata description = 'For people without rights at a management group. Deploy it to any one of the subscriptions, always with the whole list: az deployment sub create.'

targetScope = 'subscription'

@description('Required. Object id of the identity of the app: the output CMK_IDENTITY_PRINCIPAL_ID of main.bicep.')
param principalId string

@description('Required. Ids of all subscriptions.')
@minLength(1)
param subscriptionIds string[]

@description('Optional. Grant the built-in role Reader, which allows much more, instead of a custom role with only the required actions.')
param useReader bool = false

@description('Optional. Let the role also read the keys of the accounts, their vaults, and who may use the keys. Without it, set CMK_KEY_HEALTH=off.')
param keyHealth bool = true

@description('Optional. Let the role also read Azure Policy exemptions, their assignments and initiatives. Without it, set CMK_EXCEPTIONS=off.')
param exceptions bool = true

// Reader
var reader = 'acdd72a7-3385-48ef-bd42-f606fba81ae7'
var actions = loadJsonContent('actions.json')

// docs/reference/actions.md gives the reason for each action. Each app has its own role, because two apps may need
// different actions. A tenant has a limited number of custom roles, so all subscriptions share it
// (https://learn.microsoft.com/azure/role-based-access-control/custom-roles).
resource role 'Microsoft.Authorization/roleDefinitions@2022-04-01' = if (!useReader) {
  // The same, whichever subscription this is deployed to.
  name: guid(principalId, 'cmk_check')
  properties: {
    // The name of a role must be unique in the tenant.
    roleName: 'CMK check reader (${principalId})'
    description: 'Reads subscriptions, their Azure AI services accounts with the encryption settings, the keys of these accounts, and Azure Policy exemptions.'
    type: 'CustomRole'
    assignableScopes: union([subscription().id], map(subscriptionIds, id => '/subscriptions/${toLower(id)}'))
    permissions: [
      {
        actions: union(
          actions.accounts,
          actions.watch,
          keyHealth ? actions.keyHealth : [],
          exceptions ? actions.exceptions : []
        )
        notActions: []
        dataActions: []
        notDataActions: []
      }
    ]
  }
}

module grant 'subscription.bicep' = [
  for id in subscriptionIds: {
    scope: subscription(id)
    params: {
      principalId: principalId
      roleName: useReader ? reader : role.name
    }
  }
]
