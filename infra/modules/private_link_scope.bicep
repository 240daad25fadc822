metadata description = 'Adds the resources to an existing Azure Monitor private link scope.'

@description('Required. Name of the scope.')
param scopeName string

@description('Required. Id of the Application Insights component.')
param insightsId string

@description('Required. Id of the workspace, or empty.')
param workspaceId string

resource scope 'Microsoft.Insights/privateLinkScopes@2021-09-01' existing = {
  name: scopeName

  resource component 'scopedResources' = {
    name: last(split(insightsId, '/'))
    properties: { linkedResourceId: insightsId }
  }

  resource workspace 'scopedResources' = if (!empty(workspaceId)) {
    name: last(split(workspaceId, '/'))
    properties: { linkedResourceId: workspaceId }
  }
}
