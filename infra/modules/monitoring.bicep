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

@description('Required. Id of the Azure Monitor private link scope that restricts ingestion, or empty.')
param privateLinkScopeId string

var ingestion = empty(privateLinkScopeId) ? 'Enabled' : 'Disabled'

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' = if (empty(existingWorkspaceId)) {
  name: workspaceName
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: 90
    features: { disableLocalAuth: true }
    publicNetworkAccessForIngestion: ingestion
    // People and alert rules query the logs from outside the network.
    publicNetworkAccessForQuery: 'Enabled'
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
    publicNetworkAccessForIngestion: ingestion
    publicNetworkAccessForQuery: 'Enabled'
    WorkspaceResourceId: empty(existingWorkspaceId) ? workspace.id : existingWorkspaceId
  }
}

module scope 'private_link_scope.bicep' = if (!empty(privateLinkScopeId)) {
  scope: resourceGroup(split(privateLinkScopeId, '/')[2], split(privateLinkScopeId, '/')[4])
  params: {
    scopeName: last(split(privateLinkScopeId, '/'))
    insightsId: insights.id
    workspaceId: empty(existingWorkspaceId) ? workspace.id : ''
  }
}

@description('Id of the workspace.')
output workspaceId string = empty(existingWorkspaceId) ? workspace.id : existingWorkspaceId
