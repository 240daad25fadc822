metadata name = 'cmk_check: the right to read the estate, below a management group'
metadata description = 'Later subscriptions below the group are covered automatically. Deploy it to that group: az deployment mg create.'

targetScope = 'managementGroup'

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
var roleId = useReader ? tenantResourceId('Microsoft.Authorization/roleDefinitions', reader) : role.id
var actions = loadJsonContent('actions.json')

// docs/reference/actions.md gives the reason for each action. A role with data actions could not be assigned here.
// Each app has its own role: two apps below one group may need different actions.
resource role 'Microsoft.Authorization/roleDefinitions@2022-04-01' = if (!useReader) {
  name: guid(managementGroup().id, principalId, 'cmk_check')
  properties: {
    // The name of a role must be unique in the tenant.
    roleName: 'CMK check reader (${managementGroup().name}, ${principalId})'
    description: 'Reads subscriptions, their Azure AI services accounts with the encryption settings, the keys of these accounts, and Azure Policy exemptions.'
    type: 'CustomRole'
    assignableScopes: [managementGroup().id]
    permissions: [
      {
        actions: union(
          actions.accounts,
          actions.managementGroup,
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
  name: guid(managementGroup().id, principalId, useReader ? reader : 'cmk_check')
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: roleId
  }
}
