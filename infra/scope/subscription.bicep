metadata name = 'cmk_check: the right to read one subscription'
metadata description = 'subscriptions.bicep does this for a list of subscriptions.'

targetScope = 'subscription'

@description('Required. Object id of the identity of the app: the output CMK_IDENTITY_PRINCIPAL_ID of main.bicep.')
param principalId string

@description('Optional. Grant the built-in role Reader, which allows much more, instead of a custom role with only the required actions.')
param useReader bool = false

@description('Optional. Let the role also read the keys of the accounts, their vaults, and who may use the keys. Without it, set CMK_KEY_HEALTH=off.')
param keyHealth bool = true

@description('Optional. Let the role also read Azure Policy exemptions, their assignments and initiatives. Without it, set CMK_EXCEPTIONS=off.')
param exceptions bool = true

// Reader
var reader = 'acdd72a7-3385-48ef-bd42-f606fba81ae7'
var roleId = useReader ? subscriptionResourceId('Microsoft.Authorization/roleDefinitions', reader) : role.id
var actions = loadJsonContent('actions.json')

// docs/permissions.md gives the reason for each action. Each app has its own role: two apps may need
// different actions.
resource role 'Microsoft.Authorization/roleDefinitions@2022-04-01' = if (!useReader) {
  name: guid(subscription().id, principalId, 'cmk_check')
  properties: {
    // The name of a role must be unique in the tenant.
    roleName: 'CMK check reader (${subscription().subscriptionId}, ${principalId})'
    description: 'Reads subscriptions, their Azure AI services accounts with the encryption settings, the keys of these accounts, and Azure Policy exemptions.'
    type: 'CustomRole'
    assignableScopes: [subscription().id]
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

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(subscription().id, principalId, useReader ? reader : 'cmk_check')
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: roleId
  }
}
