metadata description = 'The workbook that shows the log lines of the app.'

@description('Required. Region.')
param location string

@description('Required. Tags.')
param tags object

@description('Required. Name of the Application Insights component whose traces it reads.')
param insightsName string

@description('Required. Minutes until a result is stale.')
param maxAgeMinutes int

// The file contains this text with the default value.
var content = replace(loadTextContent('../workbook.json'), 'ago(180m)', 'ago(${maxAgeMinutes}m)')

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(insights.id, 'cmk_check')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    category: 'workbook'
    displayName: 'Customer-managed keys of Azure OpenAI accounts'
    serializedData: string(union(json(content), { fallbackResourceIds: [insights.id] }))
    sourceId: insights.id
    version: '1.0'
  }
}
