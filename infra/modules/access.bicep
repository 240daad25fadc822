metadata description = 'The rights of the identity on the resources of the app. Nothing here grants access to the estate.'

@description('Required. Name of the identity.')
param identityName string

@description('Required. Name of the storage account.')
param storageName string

@description('Required. Name of the Application Insights component.')
param insightsName string

// Storage Blob Data Owner: locks, keys and package of the Functions host.
var blobDataOwner = 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
// Storage Queue Data Contributor
var queueDataContributor = '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
// Storage Table Data Contributor
var tableDataContributor = '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
// Monitoring Metrics Publisher: without it Application Insights accepts no data.
var metricsPublisher = '3913510d-42f4-4e42-8a64-420c390055eb'

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName
}

resource storage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: storageName
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

// The names depend on the id of the identity, not on its object id: what-if does not know the object id
// and would leave these assignments out. If you delete the identity, delete them too before you deploy
// again.
resource storageRoles 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in [blobDataOwner, queueDataContributor, tableDataContributor]: {
    scope: storage
    name: guid(storage.id, identity.id, role)
    properties: {
      principalId: identity.properties.principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    }
  }
]

resource insightsRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: insights
  name: guid(insights.id, identity.id, metricsPublisher)
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', metricsPublisher)
  }
}
