metadata name = 'cmk_check'
metadata description = 'The app, its storage and its alerts, in a new resource group. The templates in scope/ grant the right to read the estate.'

targetScope = 'subscription'

import { furtherSettings } from 'modules/app.bicep'
import { objectId } from 'modules/sign_in.bicep'

@minLength(3)
type email = string

@description('Required. Name of this environment; resources are named after it.')
@minLength(1)
@maxLength(64)
param environmentName string

@description('Required. Region of every resource. It must offer the Flex Consumption plan.')
@metadata({ azd: { type: 'location' } })
param location string

@description('Optional. Name of the resource group, which is created. Everybody who can change the app in it can read the whole estate.')
param resourceGroupName string = 'rg-${environmentName}'

@description('Optional. Tags on every resource.')
param tags object = {}

@description('Optional. When scans start, as NCRONTAB in UTC.')
param scanSchedule string = '0 0 * * * *'

@description('Optional. A result is stale when the last finished scan started more than this many minutes ago. The alert about missing scans uses the same time; alert rules look back at most two days.')
@minValue(15)
@maxValue(2820)
param maxAgeMinutes int = 180

@description('Optional. Further settings of the app by name, as docs/settings.md lists them, such as CMK_KINDS.')
param settings furtherSettings = {}

@description('Optional. Address of the Key Vault secret that contains the URL of the webhook. The identity of the app needs the role Key Vault Secrets User on it.')
param webhookUrlSecretUri string = ''

@description('Optional. Address of the Key Vault secret that contains the signing secret of the webhook.')
param webhookSigningSecretUri string = ''

@description('Optional. E-mail addresses that receive the alerts.')
param alertEmails email[] = []

@description('Optional. Id of an existing action group that receives the alerts. Without it, an action group is created.')
param existingActionGroupId string = ''

@description('Optional. Id of an existing Log Analytics workspace for the logs. Without it, a workspace is created.')
param existingWorkspaceId string = ''

@description('Optional. Close the storage to the internet, and connect to it through a virtual network.')
param privateNetwork bool = false

@description('Optional. Id of an existing subnet for the app, delegated to Microsoft.App/environments and with outbound access to Azure Resource Manager. Set it together with endpointSubnetId; without both, a virtual network is created.')
param appSubnetId string = ''

@description('Optional. Id of an existing subnet for the private endpoints of the storage.')
param endpointSubnetId string = ''

@description('Optional. Private DNS zones of the storage: create new ones, use existing ones (privateDnsZoneIds), or none if a policy registers private endpoints.')
@allowed(['create', 'existing', 'none'])
param privateDnsZones string = 'create'

@description('Optional. Ids of the existing private DNS zones.')
param privateDnsZoneIds { blob: string, queue: string, table: string }?

@description('Optional. Spread the app and its storage over the zones of the region.')
param zoneRedundant bool = false

@description('Optional. Client id of an app registration. With it, people and programs sign in with Microsoft Entra ID, and function keys stop working.')
param entraClientId string = ''

@description('Optional. Object ids of the groups whose members may sign in. Without groups and without entraAllowedObjectIds, everybody in the tenant may sign in.')
@maxLength(13)
param entraAllowedGroupIds objectId[] = []

@description('Optional. Object ids of people, managed identities and other service principals that may sign in, in addition to the groups.')
@maxLength(13)
param entraAllowedObjectIds objectId[] = []

@description('Optional. Id of a user-assigned identity that may use the key of the storage (role Key Vault Crypto Service Encryption User). With it, the storage of the app is encrypted with a customer-managed key.')
param storageKeyIdentityId string = ''

@description('Optional. Address of the vault that contains the key of the storage.')
param storageKeyVaultUri string = ''

@description('Optional. Name of the key of the storage.')
param storageKeyName string = ''

var token = toLower(uniqueString(subscription().id, environmentName, location))
var allTags = union(tags, { 'azd-env-name': environmentName })
var identityName = 'id-cmk-${token}'
var storageName = 'stcmk${token}'
var insightsName = 'appi-cmk-${token}'
var siteName = 'func-cmk-${token}'

// Options that are incomplete, or that need another option, would be ignored silently. The deployment
// fails instead, before it creates anything.
var privateParts = '${appSubnetId}${endpointSubnetId}${replace(privateDnsZones, 'create', '')}'
var keyParts = length(filter([storageKeyIdentityId, storageKeyVaultUri, storageKeyName], part => !empty(part)))
var faults = filter(
  [
    !privateNetwork && !empty(privateParts) ? 'Subnets and DNS zones need privateNetwork.' : ''
    empty(appSubnetId) != empty(endpointSubnetId) ? 'Set both appSubnetId and endpointSubnetId, or neither.' : ''
    (privateDnsZones == 'existing') != (privateDnsZoneIds != null)
      ? 'Set both privateDnsZones=existing and privateDnsZoneIds, or neither.'
      : ''
    keyParts == 1 || keyParts == 2
      ? 'Set all of storageKeyIdentityId, storageKeyVaultUri and storageKeyName, or none.'
      : ''
    empty(entraClientId) && !empty(concat(entraAllowedGroupIds, entraAllowedObjectIds))
      ? 'entraAllowedGroupIds and entraAllowedObjectIds need entraClientId.'
      : ''
    !empty(existingActionGroupId) && !empty(alertEmails)
      ? 'Set either existingActionGroupId or alertEmails: an existing action group has its own receivers.'
      : ''
    empty(webhookUrlSecretUri) && !empty(webhookSigningSecretUri)
      ? 'webhookSigningSecretUri needs webhookUrlSecretUri.'
      : ''
  ],
  fault => !empty(fault)
)
var groupName = empty(faults) ? resourceGroupName : fail(join(faults, ' '))

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: groupName
  location: location
  tags: allTags
}

module identity 'modules/identity.bicep' = {
  scope: group
  params: {
    name: identityName
    location: location
    tags: allTags
  }
}

module network 'modules/network.bicep' = if (privateNetwork && empty(appSubnetId)) {
  scope: group
  params: {
    nameSuffix: token
    location: location
    tags: allTags
    zoneRedundant: zoneRedundant
  }
}

module storage 'modules/storage.bicep' = {
  scope: group
  params: {
    name: storageName
    location: location
    tags: allTags
    isPublic: !privateNetwork
    zoneRedundant: zoneRedundant
    keyIdentityId: storageKeyIdentityId
    keyVaultUri: storageKeyVaultUri
    keyName: storageKeyName
  }
}

module endpoints 'modules/endpoints.bicep' = if (privateNetwork) {
  scope: group
  params: {
    nameSuffix: token
    location: location
    tags: allTags
    storageId: storage.outputs.id
    subnetId: network.?outputs.endpointSubnetId ?? endpointSubnetId
    networkId: network.?outputs.id ?? join(take(split(appSubnetId, '/'), 9), '/')
    zones: privateDnsZones
    zoneIds: privateDnsZoneIds
  }
}

module monitoring 'modules/monitoring.bicep' = {
  scope: group
  params: {
    insightsName: insightsName
    workspaceName: 'log-cmk-${token}'
    location: location
    tags: allTags
    existingWorkspaceId: existingWorkspaceId
  }
}

// Before the app: a role takes minutes to become effective, and the first start of the app needs it.
module access 'modules/access.bicep' = {
  scope: group
  params: {
    identityName: identityName
    storageName: storageName
    insightsName: insightsName
  }
  dependsOn: [identity, monitoring, storage]
}

module app 'modules/app.bicep' = {
  scope: group
  params: {
    name: siteName
    planName: 'plan-cmk-${token}'
    location: location
    tags: allTags
    zoneRedundant: zoneRedundant
    identityName: identityName
    storageName: storageName
    packageContainer: storage.outputs.packageContainer
    insightsName: insightsName
    subnetId: privateNetwork ? (network.?outputs.appSubnetId ?? appSubnetId) : ''
    scanSchedule: scanSchedule
    maxAgeMinutes: maxAgeMinutes
    settings: settings
    webhookUrlSecretUri: webhookUrlSecretUri
    webhookSigningSecretUri: webhookSigningSecretUri
    entraClientId: entraClientId
  }
  dependsOn: [access, endpoints]
}

module signIn 'modules/sign_in.bicep' = if (!empty(entraClientId)) {
  scope: group
  params: {
    siteName: siteName
    clientId: entraClientId
    allowedGroupIds: entraAllowedGroupIds
    allowedObjectIds: entraAllowedObjectIds
  }
  dependsOn: [app]
}

module alerts 'modules/alerts.bicep' = {
  scope: group
  params: {
    location: location
    tags: allTags
    nameSuffix: token
    insightsName: insightsName
    siteName: siteName
    existingActionGroupId: existingActionGroupId
    emails: alertEmails
    maxAgeMinutes: maxAgeMinutes
  }
  dependsOn: [app]
}

module workbook 'modules/workbook.bicep' = {
  scope: group
  params: {
    location: location
    tags: allTags
    insightsName: insightsName
    maxAgeMinutes: maxAgeMinutes
  }
  dependsOn: [monitoring]
}

@description('Name of the resource group.')
output AZURE_RESOURCE_GROUP string = group.name

@description('Name of the function app.')
output AZURE_FUNCTION_NAME string = app.outputs.name

@description('Address of the API.')
output CMK_API_URL string = '${app.outputs.url}/api/v1'

@description('Address of the page for people.')
output CMK_PAGE_URL string = '${app.outputs.url}/api/dashboard'

@description('Object id of the identity of the app. The templates in scope/ grant it the right to read the estate.')
output CMK_IDENTITY_PRINCIPAL_ID string = identity.outputs.principalId
