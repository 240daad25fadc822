metadata name = 'cmk_check: the right to read one subscription'
metadata description = 'subscriptions.bicep does this for a list of them.'

targetScope = 'subscription'

@description('Required. Object id of the identity of the app: the output CMK_IDENTITY_PRINCIPAL_ID of main.bicep.')
param principalId string

@description('Optional. Grant the built-in role Reader, which reads much more, in place of a role of two actions.')
param useReader bool = false

// Reader
var reader = 'acdd72a7-3385-48ef-bd42-f606fba81ae7'
var roleId = useReader ? subscriptionResourceId('Microsoft.Authorization/roleDefinitions', reader) : role.id

// docs/permissions.md gives the reason for each action.
resource role 'Microsoft.Authorization/roleDefinitions@2022-04-01' = if (!useReader) {
  name: guid(subscription().id, 'cmk_check')
  properties: {
    // Names of roles are taken for the whole tenant.
    roleName: 'CMK check reader (${subscription().subscriptionId})'
    description: 'Lists subscriptions, and the Azure AI services accounts in them with their encryption.'
    type: 'CustomRole'
    assignableScopes: [subscription().id]
    permissions: [
      {
        actions: loadJsonContent('actions.json')
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
