metadata name = 'cmk_check: the right to read the estate, below a management group'
metadata description = 'Subscriptions that come below the group later are covered at once. Deploy it to that group: az deployment mg create.'

targetScope = 'managementGroup'

@description('Required. Object id of the identity of the app: the output CMK_IDENTITY_PRINCIPAL_ID of main.bicep.')
param principalId string

@description('Optional. Grant the built-in role Reader, which reads much more, in place of a role of two actions.')
param useReader bool = false

// Reader
var reader = 'acdd72a7-3385-48ef-bd42-f606fba81ae7'
var roleId = useReader ? tenantResourceId('Microsoft.Authorization/roleDefinitions', reader) : role.id

// docs/permissions.md gives the reason for each action. A role with data actions could not be assigned here.
resource role 'Microsoft.Authorization/roleDefinitions@2022-04-01' = if (!useReader) {
  name: guid(managementGroup().id, 'cmk_check')
  properties: {
    roleName: 'CMK check reader (${managementGroup().name})'
    description: 'Lists subscriptions, and the Azure AI services accounts in them with their encryption.'
    type: 'CustomRole'
    assignableScopes: [managementGroup().id]
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
  name: guid(managementGroup().id, principalId, useReader ? reader : 'cmk_check')
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: roleId
  }
}
