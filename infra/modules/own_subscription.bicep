metadata description = 'The right of the app to read the subscription that it is deployed to. The templates in scope/ grant the right to read more.'

targetScope = 'subscription'

@description('Required. Object id of the identity of the app.')
param principalId string

@description('Required. Id of the resource group of the app; the role and its assignment are named after it.')
param groupId string

@description('Required. Grant the built-in role Reader, instead of a custom role with only the required actions.')
param useReader bool

// Reader
var reader = 'acdd72a7-3385-48ef-bd42-f606fba81ae7'
var actions = loadJsonContent('../scope/actions.json')

// Not the role of scope/subscriptions.bicep: each deployment of a list of subscriptions would change this
// role, and each deployment of the app that one.
resource role 'Microsoft.Authorization/roleDefinitions@2022-04-01' = if (!useReader) {
  name: guid(groupId, 'cmk_check')
  properties: {
    // The name of a role must be unique in the tenant.
    roleName: 'CMK check reader (own subscription, ${principalId})'
    description: 'Reads this subscription, its Azure AI services accounts with the encryption settings, the keys of these accounts, and Azure Policy exemptions.'
    type: 'CustomRole'
    assignableScopes: [subscription().id]
    permissions: [
      {
        actions: union(actions.accounts, actions.watch, actions.keyHealth, actions.exceptions)
        notActions: []
        dataActions: []
        notDataActions: []
      }
    ]
  }
}

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(groupId, useReader ? reader : 'cmk_check')
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: useReader ? subscriptionResourceId('Microsoft.Authorization/roleDefinitions', reader) : role.id
  }
}
