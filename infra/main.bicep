metadata name = 'cmk_check'
metadata description = 'The app, its storage and its alerts, in a new resource group. The templates in scope/ grant the right to read the estate.'

targetScope = 'subscription'

import { contradictions, dnsZoneIds, email, furtherSettings, resourceNames, secretUrisOfRoutes } from 'modules/parameters.bicep'
import { objectId } from 'modules/sign_in.bicep'

@description('Required. Name of this environment; resources are named after it.')
@minLength(1)
@maxLength(64)
param environmentName string

@description('Required. Region of every resource. It must offer the Flex Consumption plan.')
@metadata({ azd: { type: 'location' } })
param location string

@description('Optional. Name of the resource group, which is created. Everyone who can change the app in it can read the whole estate.')
param resourceGroupName string = 'rg-${environmentName}'

@description('Optional. Role with which the app reads the subscription that it is deployed to: custom (only the required actions), reader (the built-in role Reader, which allows more, but needs fewer rights of the person who deploys), or none. With azd, the default is custom.')
@allowed(['none', 'custom', 'reader'])
param readOwnSubscription string = 'none'

@description('Optional. Tags on every resource, such as {"owner":"security"}.')
param tags object = {}

@description('Optional. Names of resources, instead of generated ones, such as {"storage":"stmonitor001"}. docs/landing-zones.md lists them.')
param names resourceNames = {}

@description('Optional. When scans start, as NCRONTAB in UTC; by default every hour.')
param scanSchedule string = '0 0 * * * *'

@description('Optional. When the app checks for changes, as NCRONTAB in UTC; by default every two minutes, and "off" for never.')
param watchSchedule string = '0 1/2 * * * *'

@description('Optional. When each receiver of alerts gets a digest, as NCRONTAB in UTC, such as "0 0 8 * * 1" for every Monday at 8:00; by default "off", for never.')
param digestSchedule string = 'off'

@description('Optional. A result is stale when the last finished scan started more than this many minutes ago. The alert about missing scans uses the same time; alert rules look back at most two days. Raise it if scans are more than two hours apart.')
@minValue(15)
@maxValue(2820)
param maxAgeMinutes int = 180

@description('Optional. Further settings of the app by name: those in docs/reference/settings.md, such as CMK_KINDS, and platform settings, such as HTTPS_PROXY or PIP_INDEX_URL. The deployment refuses settings that the template sets itself, that the plan does not accept, or that begin with CMK_ but are unknown.')
param settings furtherSettings = {}

@description('Optional. Address, without a version, of the Key Vault secret that contains the webhook URL. The identity of the app needs the role Key Vault Secrets User on the secret.')
param webhookUrlSecretUri string = ''

@description('Optional. Address of the Key Vault secret that contains the signing secret of the webhook.')
param webhookSigningSecretUri string = ''

@description('Optional. Addresses of the Key Vault secrets for the routes in the setting CMK_ROUTES, by route name: {"security":{"url":"https://...","secret":"https://..."}}; the secret is optional.')
param routeSecretUris secretUrisOfRoutes = {}

@description('Optional. E-mail addresses that receive the alerts, such as ["a@example.com"].')
param alertEmails email[] = []

@description('Optional. Id of an existing action group that receives the alerts. If not set, an action group is created.')
param existingActionGroupId string = ''

@description('Optional. Id of an existing Log Analytics workspace for the logs. If not set, a workspace is created.')
param existingWorkspaceId string = ''

@description('Optional. Keep the queries of the alert rules in the storage account that is linked to the existing workspace for alerts.')
param alertsInLinkedStorage bool = false

@description('Optional. Add Microsoft Sentinel analytics rules, and the function CmkCheckChanges for hunting, to the existing workspace.')
param sentinel bool = false

@description('Optional. Id of an existing Azure Monitor private link scope. If set, Application Insights and the workspace accept logs only through the scope.')
param privateLinkScopeId string = ''

@description('Optional. Send the logs of reads and changes of the stored data, and the logs of the site, to the workspace.')
param resourceLogs bool = false

@description('Optional. Close the storage to the internet, and send all traffic through a virtual network.')
param privateNetwork bool = false

@description('Optional. Whether the page, the API and code uploads can be reached from the internet. If not, the app gets a private endpoint.')
@allowed(['Enabled', 'Disabled'])
param publicNetworkAccess string = 'Enabled'

@description('Optional. Address space of the virtual network, if one is created: at least a /27, or a /26 for a closed app; by default 10.0.0.0/24.')
param addressSpace string = ''

@description('Optional. Id of an existing route table for both subnets of the virtual network, if one is created. If set, no NAT gateway is created.')
param routeTableId string = ''

@description('Optional. Id of an existing subnet for the app, delegated to Microsoft.App/environments and with outbound access to Azure Resource Manager. Set it together with endpointSubnetId; if neither is set, a virtual network is created.')
param appSubnetId string = ''

@description('Optional. Id of an existing subnet for the private endpoints.')
param endpointSubnetId string = ''

@description('Optional. Private DNS zones: create new ones, use existing ones (privateDnsZoneIds), or none if a policy registers private endpoints.')
@allowed(['create', 'existing', 'none'])
param privateDnsZones string = 'create'

@description('Optional. Ids of the existing private DNS zones: {"blob":"...","queue":"...","table":"..."}; for a closed app also site.')
param privateDnsZoneIds dnsZoneIds?

@description('Optional. Spread the app and its storage across the zones of the region.')
param zoneRedundant bool = false

@description('Optional. Client id of an app registration. If set, people and programs sign in with Microsoft Entra ID, and function keys stop working.')
param entraClientId string = ''

@description('Optional. Object ids of the groups whose members may sign in. Without groups and entraAllowedObjectIds, everyone in the tenant may sign in.')
@maxLength(13)
param entraAllowedGroupIds objectId[] = []

@description('Optional. Object ids of people, managed identities and other service principals that may sign in, in addition to the groups.')
@maxLength(13)
param entraAllowedObjectIds objectId[] = []

@description('Optional. Id of a user-assigned identity that may use the customer-managed key of the storage (role Key Vault Crypto Service Encryption User). If set, this key encrypts the storage of the app.')
param storageKeyIdentityId string = ''

@description('Optional. Address of the vault that contains the customer-managed key of the storage.')
param storageKeyVaultUri string = ''

@description('Optional. Name of the customer-managed key of the storage.')
param storageKeyName string = ''

var faults = contradictions({
  addressSpace: addressSpace
  alertEmails: alertEmails
  alertsInLinkedStorage: alertsInLinkedStorage
  appSubnetId: appSubnetId
  digestSchedule: digestSchedule
  endpointSubnetId: endpointSubnetId
  entraAllowed: concat(entraAllowedGroupIds, entraAllowedObjectIds)
  entraClientId: entraClientId
  existingActionGroupId: existingActionGroupId
  existingWorkspaceId: existingWorkspaceId
  maxAgeMinutes: maxAgeMinutes
  names: names
  privateDnsZoneIds: privateDnsZoneIds
  privateDnsZones: privateDnsZones
  privateLinkScopeId: privateLinkScopeId
  privateNetwork: privateNetwork
  publicNetworkAccess: publicNetworkAccess
  routeSecretUris: routeSecretUris
  routeTableId: routeTableId
  scanSchedule: scanSchedule
  sentinel: sentinel
  settings: settings
  storageKey: [storageKeyIdentityId, storageKeyVaultUri, storageKeyName]
  watchSchedule: watchSchedule
  webhookSigningSecretUri: webhookSigningSecretUri
  webhookUrlSecretUri: webhookUrlSecretUri
})
var groupName = empty(faults) ? resourceGroupName : fail(join(faults, ' '))

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: groupName
  location: location
  tags: union(tags, { 'azd-env-name': environmentName })
}

module app 'group.bicep' = {
  scope: group
  params: {
    environmentName: environmentName
    location: location
    tags: tags
    names: names
    scanSchedule: scanSchedule
    watchSchedule: watchSchedule
    digestSchedule: digestSchedule
    maxAgeMinutes: maxAgeMinutes
    settings: settings
    webhookUrlSecretUri: webhookUrlSecretUri
    webhookSigningSecretUri: webhookSigningSecretUri
    routeSecretUris: routeSecretUris
    alertEmails: alertEmails
    existingActionGroupId: existingActionGroupId
    watchSubscription: true // who deploys this template has rights on the subscription
    existingWorkspaceId: existingWorkspaceId
    alertsInLinkedStorage: alertsInLinkedStorage
    sentinel: sentinel
    privateLinkScopeId: privateLinkScopeId
    resourceLogs: resourceLogs
    privateNetwork: privateNetwork
    publicNetworkAccess: publicNetworkAccess
    addressSpace: addressSpace
    routeTableId: routeTableId
    appSubnetId: appSubnetId
    endpointSubnetId: endpointSubnetId
    privateDnsZones: privateDnsZones
    privateDnsZoneIds: privateDnsZoneIds
    zoneRedundant: zoneRedundant
    entraClientId: entraClientId
    entraAllowedGroupIds: entraAllowedGroupIds
    entraAllowedObjectIds: entraAllowedObjectIds
    storageKeyIdentityId: storageKeyIdentityId
    storageKeyVaultUri: storageKeyVaultUri
    storageKeyName: storageKeyName
  }
}

module ownSubscription 'modules/own_subscription.bicep' = if (readOwnSubscription != 'none') {
  params: {
    principalId: app.outputs.CMK_IDENTITY_PRINCIPAL_ID
    groupId: group.id
    useReader: readOwnSubscription == 'reader'
  }
}

@description('Name of the resource group.')
output AZURE_RESOURCE_GROUP string = group.name

@description('Name of the function app.')
output AZURE_FUNCTION_NAME string = app.outputs.AZURE_FUNCTION_NAME

@description('Address of the API.')
output CMK_API_URL string = app.outputs.CMK_API_URL

@description('Address of the dashboard.')
output CMK_PAGE_URL string = app.outputs.CMK_PAGE_URL

@description('Object id of the identity of the app. The templates in scope/ grant it the right to read the estate.')
output CMK_IDENTITY_PRINCIPAL_ID string = app.outputs.CMK_IDENTITY_PRINCIPAL_ID

@description('Who receives the alerts; begins with "nobody" if the created action group has no receiver.')
output CMK_ALERT_RECEIVERS string = app.outputs.CMK_ALERT_RECEIVERS

@description('Role with which the app reads its own subscription: none, custom or reader.')
output CMK_READ_OWN_SUBSCRIPTION string = readOwnSubscription
