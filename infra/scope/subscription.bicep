metadata description = 'The assignment of the role on one subscription; subscriptions.bicep defines the role.'

targetScope = 'subscription'

@description('Required. Object id of the identity of the app.')
param principalId string

@description('Required. Name of the role, which is a GUID.')
param roleName string

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(subscription().id, principalId, roleName)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleName)
  }
}
