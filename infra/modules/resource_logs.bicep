metadata description = 'Sends the logs of reads and changes of the stored data, and the logs of the site, to the workspace.'

@description('Required. Name of the storage account.')
param storageName string

@description('Required. Name of the app.')
param siteName string

@description('Required. Id of the workspace.')
param workspaceId string

// The newest version; the stable one dates from 2016 and has no category groups.
#disable-diagnostics use-recent-api-versions

var settingName = 'cmk-check'
var ofStorage = {
  workspaceId: workspaceId
  logs: map(['StorageRead', 'StorageWrite', 'StorageDelete'], category => { category: category, enabled: true })
}

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: storageName

  resource blobs 'blobServices' existing = {
    name: 'default'
  }

  resource queues 'queueServices' existing = {
    name: 'default'
  }

  resource tables 'tableServices' existing = {
    name: 'default'
  }
}

resource site 'Microsoft.Web/sites@2025-03-01' existing = {
  name: siteName
}

resource ofBlobs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: account::blobs
  name: settingName
  properties: ofStorage
}

resource ofQueues 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: account::queues
  name: settingName
  properties: ofStorage
}

resource ofTables 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: account::tables
  name: settingName
  properties: ofStorage
}

resource ofSite 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: site
  name: settingName
  properties: { workspaceId: workspaceId, logs: [{ categoryGroup: 'allLogs', enabled: true }] }
}
