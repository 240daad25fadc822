using 'main.bicep'

// The strictest options, for subscriptions whose policies refuse open resources: no built-in rule that
// denies by default refuses these resources. docs/landing-zones.md lists the rules.
param environmentName = readEnvironmentVariable('AZURE_ENV_NAME')
param location = readEnvironmentVariable('AZURE_LOCATION')
param tags = json(readEnvironmentVariable('CMK_TAGS_OF_RESOURCES'))

param alertEmails = map(split(readEnvironmentVariable('CMK_ALERT_EMAILS'), ','), email => trim(email))
param existingWorkspaceId = readEnvironmentVariable('CMK_WORKSPACE_ID')
param alertsInLinkedStorage = true
param privateLinkScopeId = readEnvironmentVariable('CMK_PRIVATE_LINK_SCOPE_ID')
param resourceLogs = true

param privateNetwork = true
param publicNetworkAccess = 'Disabled'
param addressSpace = readEnvironmentVariable('CMK_ADDRESS_SPACE')
param routeTableId = readEnvironmentVariable('CMK_ROUTE_TABLE_ID')
// A policy of the landing zone registers private endpoints in the zones of the hub.
param privateDnsZones = 'none'
param zoneRedundant = true

param entraClientId = readEnvironmentVariable('CMK_ENTRA_CLIENT_ID')
param entraAllowedGroupIds = map(split(readEnvironmentVariable('CMK_ENTRA_GROUP_IDS'), ','), id => trim(id))

param storageKeyIdentityId = readEnvironmentVariable('CMK_STORAGE_KEY_IDENTITY_ID')
param storageKeyVaultUri = readEnvironmentVariable('CMK_STORAGE_KEY_VAULT_URI')
param storageKeyName = readEnvironmentVariable('CMK_STORAGE_KEY_NAME')
