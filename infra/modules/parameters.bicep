metadata description = 'What the two entry templates share: main.bicep creates a resource group, group.bicep uses an existing one.'

import { wrongValues } from 'parameter_values.bicep'

@export()
@minLength(3)
type email = string

@description('Names to use instead of generated ones. Names that must be GUIDs, such as the name of the workbook, cannot be set.')
@export()
@sealed()
type resourceNames = {
  actionGroup: string?
  @description('Contains {rule}, which becomes the name of each rule.')
  alertRule: string?
  app: string?
  appSubnet: string?
  endpointSubnet: string?
  identity: string?
  insights: string?
  natGateway: string?
  networkSecurityGroup: string?
  plan: string?
  privateDnsLink: string?
  @description('Contains {service}, which becomes blob, queue, table or site.')
  privateEndpoint: string?
  publicIpAddress: string?
  @minLength(3)
  @maxLength(24)
  storage: string?
  virtualNetwork: string?
  workspace: string?
}

@description('Ids of existing private DNS zones. The zone for the site is required if the site has a private endpoint.')
@export()
@sealed()
type dnsZoneIds = {
  blob: string
  queue: string
  table: string
  site: string?
}

@description('Settings of the app and of the platform by name. docs/reference/settings.md lists the app settings.')
@export()
type furtherSettings = {
  *: string
}

@description('Addresses of Key Vault secrets by route name: for the URL and for the signing secret.')
@export()
type secretUrisOfRoutes = {
  *: {
    url: string
    secret: string?
  }
}

// The app settings without a separate parameter.
var furtherSettingsOfTheApp = [
  'CMK_ALERT_ON'
  'CMK_CHANGES_QUEUE'
  'CMK_CROSS_CHECK'
  'CMK_EXCLUDE_SUBSCRIPTIONS'
  'CMK_INCLUDE_SUBSCRIPTIONS'
  'CMK_EXCEPTIONS'
  'CMK_EXCEPTION_ASSIGNMENTS'
  'CMK_EXCEPTION_MAX_DAYS'
  'CMK_FIX_WITHIN_DAYS'
  'CMK_EXCEPTION_POLICIES'
  'CMK_KEY_HEALTH'
  'CMK_KINDS'
  'CMK_MANAGEMENT_GROUP'
  'CMK_MAX_IN_FLIGHT'
  'CMK_OWNER_TAGS'
  'CMK_REQUIRE_HEALTHY_KEYS'
  'CMK_RETENTION_DAYS'
  'CMK_ROUTES'
  'CMK_TAGS'
  'CMK_WEBHOOK_FORMAT'
]
// Prefixes of the names that the template sets itself, that the plan Flex Consumption does not accept, or
// that only the platform may set.
var takenSettings = [
  'APPLICATIONINSIGHTS_'
  'AZURE_CLIENT_ID'
  'AZUREWEBJOBSSTORAGE'
  'DEPLOYMENT_STORAGE_CONNECTION_STRING'
  'ENABLE_ORYX_BUILD'
  'FUNCTIONS_EXTENSION_VERSION'
  'FUNCTIONS_WORKER_'
  'IDENTITY_'
  'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID'
  'SCM_DO_BUILD_DURING_DEPLOYMENT'
  'TZ'
  'WEBSITE_AUTH_'
  'WEBSITE_CONTENT'
  'WEBSITE_HOSTNAME'
  'WEBSITE_NODE_DEFAULT_VERSION'
  'WEBSITE_RUN_FROM_PACKAGE'
  'WEBSITE_TIME_ZONE'
  'WEBSITE_VNET_ROUTE_ALL'
]

func isWrongSetting(name string) bool =>
  startsWith(toUpper(name), 'CMK_')
    ? !contains(furtherSettingsOfTheApp, name)
    : !empty(filter(takenSettings, start => startsWith(toUpper(name), start)))

@description('Returns who receives the alerts. A new action group without a receiver would silence every alert.')
@export()
func describeReceivers(existingActionGroupId string, emails string[]) string =>
  !empty(existingActionGroupId)
    ? 'the receivers of the action group ${last(split(existingActionGroupId, '/'))}'
    : empty(emails)
        ? 'nobody: set alertEmails (with azd, CMK_ALERT_EMAILS) or existingActionGroupId, and deploy again'
        : 'e-mail addresses: ${length(emails)}'

// A /27 has a /28 for the app and a /29 for three endpoints, but a closed app has four endpoints.
// https://learn.microsoft.com/azure/azure-functions/functions-networking-options (the smallest subnet of
// a Flex Consumption app) and
// https://learn.microsoft.com/azure/virtual-network/virtual-networks-faq (five reserved addresses)
func smallest(publicNetworkAccess string) int => publicNetworkAccess == 'Disabled' ? 26 : 27

func isTooSmall(addressSpace string, most int) bool => empty(addressSpace) ? false : parseCidr(addressSpace).cidr > most

@description('Returns a sentence for each contradiction. Incomplete options, or options that need another one, would be ignored silently; the deployment fails instead, before it creates anything.')
@export()
func contradictions(
  given {
    addressSpace: string
    alertEmails: string[]
    alertsInLinkedStorage: bool
    appSubnetId: string
    digestSchedule: string
    endpointSubnetId: string
    entraAllowed: string[]
    entraClientId: string
    existingActionGroupId: string
    existingWorkspaceId: string
    maxAgeMinutes: int
    names: resourceNames
    privateDnsZoneIds: dnsZoneIds?
    privateDnsZones: string
    privateLinkScopeId: string
    privateNetwork: bool
    publicNetworkAccess: string
    routeSecretUris: secretUrisOfRoutes
    routeTableId: string
    scanSchedule: string
    sentinel: bool
    settings: furtherSettings
    storageKey: string[]
    watchSchedule: string
    webhookSigningSecretUri: string
    webhookUrlSecretUri: string
  }
) string[] =>
  filter(
    concat(wrongValues(given), [
      !given.privateNetwork && !empty(join(
          [
            given.appSubnetId
            given.endpointSubnetId
            given.privateLinkScopeId
            given.routeTableId
            given.addressSpace
            replace(given.privateDnsZones, 'create', '')
            replace(given.publicNetworkAccess, 'Enabled', '')
          ],
          ''
        ))
        ? 'Subnets, a route table, an address space, DNS zones, a private link scope and publicNetworkAccess=Disabled need privateNetwork.'
        : ''
      !empty(given.appSubnetId) && !empty('${given.addressSpace}${given.routeTableId}')
        ? 'Set either existing subnets, or the addressSpace and routeTableId of a new virtual network.'
        : ''
      isTooSmall(given.addressSpace, smallest(given.publicNetworkAccess))
        ? 'addressSpace is ${given.addressSpace} and must be at least a /${smallest(given.publicNetworkAccess)}: half of it is for the app, which needs a /28, and a quarter is for ${given.publicNetworkAccess == 'Disabled' ? 'four' : 'three'} private endpoints and the five addresses that Azure reserves.'
        : ''
      empty(given.appSubnetId) != empty(given.endpointSubnetId)
        ? 'Set both appSubnetId and endpointSubnetId, or neither.'
        : ''
      (given.privateDnsZones == 'existing') != (given.?privateDnsZoneIds != null)
        ? 'Set both privateDnsZones=existing and privateDnsZoneIds, or neither.'
        : ''
      given.?privateDnsZoneIds != null && (given.publicNetworkAccess == 'Disabled') != (given.?privateDnsZoneIds.?site != null)
        ? 'Set both privateDnsZoneIds.site and publicNetworkAccess=Disabled, or neither.'
        : ''
      contains(given.storageKey, '') && !empty(join(given.storageKey, ''))
        ? 'Set all of storageKeyIdentityId, storageKeyVaultUri and storageKeyName, or none.'
        : ''
      empty(given.entraClientId) && !empty(given.entraAllowed)
        ? 'entraAllowedGroupIds and entraAllowedObjectIds need entraClientId.'
        : ''
      !empty(given.existingActionGroupId) && !empty(given.alertEmails)
        ? 'Set either existingActionGroupId or alertEmails: an existing action group has its own receivers.'
        : ''
      given.alertsInLinkedStorage && empty(given.existingWorkspaceId)
        ? 'alertsInLinkedStorage needs existingWorkspaceId: a new workspace has no linked storage account.'
        : ''
      given.sentinel && empty(given.existingWorkspaceId)
        ? 'sentinel needs existingWorkspaceId: Microsoft Sentinel must already be enabled on the workspace.'
        : ''
      empty(given.webhookUrlSecretUri) && !empty(given.webhookSigningSecretUri)
        ? 'webhookSigningSecretUri needs webhookUrlSecretUri.'
        : ''
      empty(given.routeSecretUris) == contains(given.settings, 'CMK_ROUTES')
        ? 'Set both routeSecretUris and CMK_ROUTES in settings, or neither.'
        : ''
      !empty(given.routeSecretUris) && !empty(given.webhookUrlSecretUri)
        ? 'Set either routeSecretUris or webhookUrlSecretUri.'
        : ''
      !contains(given.names.?alertRule ?? '{rule}', '{rule}') ? 'names.alertRule must contain {rule}.' : ''
      !contains(given.names.?privateEndpoint ?? '{service}', '{service}')
        ? 'names.privateEndpoint must contain {service}.'
        : ''
      empty(filter(objectKeys(given.settings), name => isWrongSetting(name)))
        ? ''
        : 'settings must not contain ${join(filter(objectKeys(given.settings), name => isWrongSetting(name)), ', ')}: the app does not know the name, the template sets it, or the platform does not accept it.'
    ]),
    fault => !empty(fault)
  )
