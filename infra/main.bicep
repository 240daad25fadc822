metadata name = 'cmk_check'
metadata description = 'The app, its storage and its alerts, in a resource group of their own. The right to read the estate is granted apart: see scope/.'

targetScope = 'subscription'

import { furtherSettings } from 'modules/app.bicep'
import { objectId } from 'modules/sign_in.bicep'

@minLength(3)
type email = string

@description('Required. Name of this environment; resources are named after it.')
@minLength(1)
@maxLength(64)
param environmentName string

@description('Required. Region of every resource. It must have the Flex Consumption plan.')
@metadata({ azd: { type: 'location' } })
param location string

@description('Optional. Name of the resource group, which is created. Whoever can change the app in it can read the whole estate.')
param resourceGroupName string = 'rg-${environmentName}'

@description('Optional. Tags on every resource.')
param tags object = {}

@description('Optional. When scans start: NCRONTAB, UTC.')
param scanSchedule string = '0 0 * * * *'

@description('Optional. Minutes that may pass since the start of the last finished scan until its answer counts as stale. It is also when the alert about missing scans fires; alert rules look back two days at most.')
@minValue(15)
@maxValue(2820)
param maxAgeMinutes int = 180

@description('Optional. Further settings of the app by name, as docs/settings.md lists them, such as CMK_KINDS.')
param settings furtherSettings = {}

@description('Optional. Address of the Key Vault secret that holds the URL of the webhook. The identity of the app needs Key Vault Secrets User on it.')
param webhookUrlSecretUri string = ''

@description('Optional. Address of the Key Vault secret that holds the signing secret of the webhook.')
param webhookSigningSecretUri string = ''

@description('Optional. E-mail addresses that the alerts go to.')
param alertEmails email[] = []

@description('Optional. Id of an action group that the alerts go to, in place of one of their own.')
param existingActionGroupId string = ''

@description('Optional. Id of a Log Analytics workspace that the logs go to, in place of one of their own.')
param existingWorkspaceId string = ''

@description('Optional. Close the storage to the internet, and reach it through a virtual network.')
param privateNetwork bool = false

@description('Optional. Id of an existing subnet for the app, delegated to Microsoft.App/environments and with a way out to Azure Resource Manager. Given together with endpointSubnetId; without the two, a virtual network is created.')
param appSubnetId string = ''

@description('Optional. Id of an existing subnet for the private endpoints of the storage.')
param endpointSubnetId string = ''

@description('Optional. Private DNS zones of the storage: created, existing ones (privateDnsZoneIds), or none, where a policy registers private endpoints.')
@allowed(['create', 'existing', 'none'])
param privateDnsZones string = 'create'

@description('Optional. Ids of the existing private DNS zones.')
param privateDnsZoneIds { blob: string, queue: string, table: string }?

@description('Optional. Spread app and storage over the zones of the region.')
param zoneRedundant bool = false

@description('Optional. Client id of an app registration: people and programs then sign in with Microsoft Entra ID, and function keys no longer open anything.')
param entraClientId string = ''

@description('Optional. Object ids of the groups whose members may sign in. Without groups and without entraAllowedObjectIds, everybody in the tenant may.')
@maxLength(13)
param entraAllowedGroupIds objectId[] = []

@description('Optional. Object ids of single ones who may sign in, in the groups or not: managed identities and other service principals, or people.')
@maxLength(13)
param entraAllowedObjectIds objectId[] = []

@description('Optional. Id of a user-assigned identity that may use the key of the storage (Key Vault Crypto Service Encryption User). With it, the storage of the app is under a customer-managed key.')
param storageKeyIdentityId string = ''

@description('Optional. Address of the vault that holds the key of the storage.')
param storageKeyVaultUri string = ''

@description('Optional. Name of the key of the storage.')
param storageKeyName string = ''

var token = toLower(uniqueString(subscription().id, environmentName, location))
var allTags = union(tags, { 'azd-env-name': environmentName })
var identityName = 'id-cmk-${token}'
var storageName = 'stcmk${token}'
var insightsName = 'appi-cmk-${token}'
var siteName = 'func-cmk-${token}'

// What is given in part, or without what it belongs to, would be left out without a word; here the
// deployment ends instead, before anything is made.
var privateParts = '${appSubnetId}${endpointSubnetId}${replace(privateDnsZones, 'create', '')}'
var keyParts = length(filter([storageKeyIdentityId, storageKeyVaultUri, storageKeyName], part => !empty(part)))
var faults = filter(
  [
    !privateNetwork && !empty(privateParts) ? 'Subnets and DNS zones need privateNetwork.' : ''
    empty(appSubnetId) != empty(endpointSubnetId) ? 'appSubnetId and endpointSubnetId go together.' : ''
    (privateDnsZones == 'existing') != (privateDnsZoneIds != null)
      ? 'privateDnsZoneIds and privateDnsZones=existing go together.'
      : ''
    keyParts == 1 || keyParts == 2 ? 'storageKeyIdentityId, storageKeyVaultUri and storageKeyName go together.' : ''
    empty(entraClientId) && !empty(concat(entraAllowedGroupIds, entraAllowedObjectIds))
      ? 'entraAllowedGroupIds and entraAllowedObjectIds need entraClientId.'
      : ''
    !empty(existingActionGroupId) && !empty(alertEmails)
      ? 'existingActionGroupId has receivers of its own: alertEmails belong there.'
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

// Before the app: it takes minutes until a role is heeded, and the app's first start needs it.
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

@description('Object id of the identity of the app, which scope/ grants the right to read the estate.')
output CMK_IDENTITY_PRINCIPAL_ID string = identity.outputs.principalId
