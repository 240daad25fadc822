using 'group.bicep'

// A resource group that another team created, with everything that can exist beforehand: subnets,
// DNS zones, workspace, private link scope, action group, and the key of the storage.
var network = readEnvironmentVariable('CMK_VIRTUAL_NETWORK_ID')

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME')
param tags = json(readEnvironmentVariable('CMK_TAGS_OF_RESOURCES'))
param names = json(readEnvironmentVariable('CMK_NAMES_OF_RESOURCES', '{}'))

param existingActionGroupId = readEnvironmentVariable('CMK_ACTION_GROUP_ID')
param existingWorkspaceId = readEnvironmentVariable('CMK_WORKSPACE_ID')
param privateLinkScopeId = readEnvironmentVariable('CMK_PRIVATE_LINK_SCOPE_ID')
param resourceLogs = true

param privateNetwork = true
param publicNetworkAccess = 'Disabled'
param appSubnetId = '${network}/subnets/${readEnvironmentVariable('CMK_APP_SUBNET', 'app')}'
param endpointSubnetId = '${network}/subnets/${readEnvironmentVariable('CMK_ENDPOINT_SUBNET', 'endpoints')}'
param privateDnsZones = 'existing'
param privateDnsZoneIds = json(readEnvironmentVariable('CMK_PRIVATE_DNS_ZONE_IDS'))
param zoneRedundant = true

param entraClientId = readEnvironmentVariable('CMK_ENTRA_CLIENT_ID')
param entraAllowedGroupIds = map(split(readEnvironmentVariable('CMK_ENTRA_GROUP_IDS'), ','), id => trim(id))

param storageKeyIdentityId = readEnvironmentVariable('CMK_STORAGE_KEY_IDENTITY_ID')
param storageKeyVaultUri = readEnvironmentVariable('CMK_STORAGE_KEY_VAULT_URI')
param storageKeyName = readEnvironmentVariable('CMK_STORAGE_KEY_NAME')
