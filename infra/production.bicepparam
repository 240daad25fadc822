using 'main.bicep'

// The options for production. Values that differ between companies come from environment variables:
// docs/settings.md lists the variables, and explains how to create the resources that they name.
param environmentName = readEnvironmentVariable('AZURE_ENV_NAME')
param location = readEnvironmentVariable('AZURE_LOCATION')

param alertEmails = map(split(readEnvironmentVariable('CMK_ALERT_EMAILS'), ','), email => trim(email))

param privateNetwork = true
param appSubnetId = readEnvironmentVariable('CMK_APP_SUBNET_ID', '')
param endpointSubnetId = readEnvironmentVariable('CMK_ENDPOINT_SUBNET_ID', '')
param zoneRedundant = true

param entraClientId = readEnvironmentVariable('CMK_ENTRA_CLIENT_ID')
param entraAllowedGroupIds = map(split(readEnvironmentVariable('CMK_ENTRA_GROUP_IDS'), ','), id => trim(id))

param storageKeyIdentityId = readEnvironmentVariable('CMK_STORAGE_KEY_IDENTITY_ID')
param storageKeyVaultUri = readEnvironmentVariable('CMK_STORAGE_KEY_VAULT_URI')
param storageKeyName = readEnvironmentVariable('CMK_STORAGE_KEY_NAME')
