metadata description = 'The function app on a Flex Consumption plan, and its settings.'

import { furtherSettings, secretUrisOfRoutes } from 'parameters.bicep'

@description('Required. Name of the app.')
param name string

@description('Required. Name of the plan.')
param planName string

@description('Required. Region.')
param location string

@description('Required. Tags.')
param tags object

@description('Required. Whether the app spreads across the zones of the region.')
param zoneRedundant bool

@description('Required. Name of the identity of the app.')
param identityName string

@description('Required. Name of the storage account.')
param storageName string

@description('Required. Name of the container of the package.')
param packageContainer string

@description('Required. Name of the Application Insights component.')
param insightsName string

@description('Required. Id of the subnet for outbound traffic of the app, or empty.')
param subnetId string

@description('Required. Whether the app accepts connections from the internet.')
@allowed(['Enabled', 'Disabled'])
param publicNetworkAccess string

@description('Required. When scans start, as NCRONTAB in UTC.')
param scanSchedule string

@description('Required. When the app checks for changes, as NCRONTAB in UTC; "off" for never.')
param watchSchedule string

@description('Required. When each receiver of alerts gets a digest, as NCRONTAB in UTC; "off" for never.')
param digestSchedule string

@description('Required. Minutes until a result is stale.')
param maxAgeMinutes int

@description('Required. Whether somebody receives the alerts, for the check of the settings.')
param hasReceivers bool

@description('Required. Further settings of the app by name.')
param settings furtherSettings

@description('Required. Address of the secret with the URL of the webhook, or empty.')
param webhookUrlSecretUri string

@description('Required. Address of the signing secret of the webhook, or empty.')
param webhookSigningSecretUri string

@description('Required. Addresses of the secrets of the routes, by name.')
param routeSecretUris secretUrisOfRoutes

@description('Required. Client id of the app registration for signing in, or empty.')
param entraClientId string

var clouds = { AzureCloud: 'public', AzureUSGovernment: 'usgov', AzureChinaCloud: 'china' }
var tableUri = storage.properties.primaryEndpoints.table
var queueUri = storage.properties.primaryEndpoints.queue

// With only the three addresses, hosts sometimes fail (Azure/azure-functions-host#11787). With only the
// name, the account would have to be in the public cloud.
var hostStorage = environment().name == 'AzureCloud'
  ? { AzureWebJobsStorage__accountName: storage.name }
  : {
      AzureWebJobsStorage__blobServiceUri: storage.properties.primaryEndpoints.blob
      AzureWebJobsStorage__queueServiceUri: queueUri
      AzureWebJobsStorage__tableServiceUri: tableUri
    }

var schedules = union(
  watchSchedule == 'off' ? {} : { CMK_WATCH_SCHEDULE: watchSchedule },
  digestSchedule == 'off' ? {} : { CMK_DIGEST_SCHEDULE: digestSchedule }
)

var webhook = union(
  empty(webhookUrlSecretUri) ? {} : { CMK_WEBHOOK_URL: '@Microsoft.KeyVault(SecretUri=${webhookUrlSecretUri})' },
  empty(webhookSigningSecretUri)
    ? {}
    : { CMK_WEBHOOK_SECRET: '@Microsoft.KeyVault(SecretUri=${webhookSigningSecretUri})' }
)

var routes = union(
  toObject(
    items(routeSecretUris),
    route => 'CMK_ROUTE_${toUpper(route.key)}_URL',
    route => '@Microsoft.KeyVault(SecretUri=${route.value.url})'
  ),
  toObject(
    filter(items(routeSecretUris), route => route.value.?secret != null),
    route => 'CMK_ROUTE_${toUpper(route.key)}_SECRET',
    route => '@Microsoft.KeyVault(SecretUri=${route.value.?secret})'
  )
)

var signIn = empty(entraClientId)
  ? { CMK_HTTP_AUTH: 'keys' }
  : {
      CMK_HTTP_AUTH: 'entra'
      // The identity proves that the app may use the registration, so there is no client secret.
      OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID: identity.properties.clientId
      WEBSITE_AUTH_AAD_ALLOWED_TENANTS: tenant().tenantId
    }

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName
}

resource storage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: storageName
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true, zoneRedundant: zoneRedundant }
}

resource site 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'api' })
  kind: 'functionapp,linux'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identity.id}': {} } }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    keyVaultReferenceIdentity: identity.id
    publicNetworkAccess: publicNetworkAccess
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    siteConfig: { ftpsState: 'Disabled', http20Enabled: true, minTlsVersion: '1.2', scmMinTlsVersion: '1.2' }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${storage.properties.primaryEndpoints.blob}${packageContainer}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identity.id
          }
        }
      }
      runtime: { name: 'python', version: '3.13' }
      scaleAndConcurrency: {
        instanceMemoryMB: 2048
        maximumInstanceCount: 40
        // The default for Python apps is 1: each request of the page would start an instance.
        triggers: { http: { perInstanceConcurrency: 16 } }
      }
    }
  }

  resource appSettings 'config' = {
    name: 'appsettings'
    properties: union(settings, hostStorage, schedules, webhook, routes, signIn, {
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.properties.clientId};Authorization=AAD'
      APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
      AZURE_CLIENT_ID: identity.properties.clientId
      AzureWebJobsStorage__clientId: identity.properties.clientId
      AzureWebJobsStorage__credential: 'managedidentity'
      CMK_ACTION_GROUP: hasReceivers ? 'receivers' : 'no_receivers'
      CMK_CLOUD: clouds[environment().name]
      CMK_MAX_AGE_MINUTES: string(maxAgeMinutes)
      CMK_SCAN_SCHEDULE: scanSchedule
      CMK_STORAGE__clientId: identity.properties.clientId
      CMK_STORAGE__credential: 'managedidentity'
      CMK_STORAGE__queueServiceUri: queueUri
      CMK_STORAGE__tableServiceUri: tableUri
    })
  }

  // The password of a publishing profile would give access to the app without an identity.
  resource ftp 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: { allow: false }
  }

  resource scm 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: { allow: false }
  }
}

@description('Id of the app.')
output id string = site.id

@description('Name of the app.')
output name string = site.name

@description('Address of the app.')
output url string = 'https://${site.properties.defaultHostName}'
