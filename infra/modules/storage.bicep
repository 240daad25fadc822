metadata description = 'The storage of the app: tables, queues, and the container of its package. Only identities have access.'

@description('Required. Name of the storage account.')
param name string

@description('Required. Region.')
param location string

@description('Required. Tags.')
param tags object

@description('Required. Whether it accepts connections from the internet.')
param isPublic bool

@description('Required. Whether it spreads across the zones of the region.')
param zoneRedundant bool

@description('Required. Id of the identity that uses the customer-managed key, or empty.')
param keyIdentityId string

@description('Required. Address of the vault of that key, or empty.')
param keyVaultUri string

@description('Required. Name of that key, or empty.')
param keyName string

var tables = ['cmkchanges', 'cmkfindings', 'cmkscans']
var queues = [
  'cmk-changes'
  'cmk-overdue'
  'cmk-overdue-poison'
  'cmk-slices'
  'cmk-slices-poison'
  'cmk-tell'
  'cmk-tell-poison'
]
var container = 'app-package'

var microsoftManaged = { keySource: 'Microsoft.Storage' }
// Without a version, so that the storage always uses the newest one.
var customerManaged = {
  keySource: 'Microsoft.Keyvault'
  identity: { userAssignedIdentity: keyIdentityId }
  keyvaultproperties: { keyvaulturi: keyVaultUri, keyname: keyName }
}

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: zoneRedundant ? 'Standard_ZRS' : 'Standard_LRS' }
  identity: empty(keyIdentityId)
    ? { type: 'None' }
    : { type: 'UserAssigned', userAssignedIdentities: { '${keyIdentityId}': {} } }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowedCopyScope: 'AAD'
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    isLocalUserEnabled: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    // For user delegation shared access signatures: account keys are disabled.
    sasPolicy: { expirationAction: 'Block', sasExpirationPeriod: '1.00:00:00' }
    publicNetworkAccess: isPublic ? 'Enabled' : 'Disabled'
    networkAcls: { bypass: 'None', defaultAction: isPublic ? 'Allow' : 'Deny' }
    encryption: union(empty(keyIdentityId) ? microsoftManaged : customerManaged, {
      // This setting also cannot be changed after the account is created.
      requireInfrastructureEncryption: true
      // Tables and queues use the key of the account only if the account is created with this setting.
      services: {
        blob: { enabled: true, keyType: 'Account' }
        file: { enabled: true, keyType: 'Account' }
        queue: { enabled: true, keyType: 'Account' }
        table: { enabled: true, keyType: 'Account' }
      }
    })
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' = {
  parent: account
  name: 'default'
  properties: { containerDeleteRetentionPolicy: { enabled: true, days: 7 } }

  resource package 'containers' = {
    name: container
    properties: { publicAccess: 'None' }
  }
}

resource tableService 'Microsoft.Storage/storageAccounts/tableServices@2025-06-01' = {
  parent: account
  name: 'default'

  resource table 'tables' = [
    for table in tables: {
      name: table
    }
  ]
}

resource queueService 'Microsoft.Storage/storageAccounts/queueServices@2025-06-01' = {
  parent: account
  name: 'default'

  resource queue 'queues' = [
    for queue in queues: {
      name: queue
    }
  ]
}

@description('Id of the resource.')
output id string = account.id

@description('Name of the container that holds the package of the app.')
output packageContainer string = container
