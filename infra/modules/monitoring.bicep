metadata description = 'Application Insights and its workspace for the log lines of the app. Only identities can write to it.'

@description('Required. Name of the Application Insights component.')
param insightsName string

@description('Required. Name of the workspace, if one is created.')
param workspaceName string

@description('Required. Region.')
param location string

@description('Required. Tags.')
param tags object

@description('Required. Id of an existing workspace; if empty, one is created.')
param existingWorkspaceId string

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' = if (empty(existingWorkspaceId)) {
  name: workspaceName
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: 90
    features: { disableLocalAuth: true }
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: insightsName
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    DisableLocalAuth: true
    WorkspaceResourceId: empty(existingWorkspaceId) ? workspace.id : existingWorkspaceId
  }
}

@description('Id of the component.')
output insightsId string = insights.id
