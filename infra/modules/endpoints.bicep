metadata description = 'Private endpoints of a resource, one for each of its services, and their DNS names.'

import { dnsZoneIds } from 'parameters.bicep'

@description('Required. Name of the endpoints; {service} becomes the service.')
param endpointName string

@description('Required. Name of the links from the zones to the virtual network.')
param linkName string

@description('Required. Region.')
param location string

@description('Required. Tags.')
param tags object

@description('Required. Id of the resource.')
param targetId string

@description('Required. Its services.')
param services ('blob' | 'queue' | 'table' | 'site')[]

@description('Required. Id of the subnet of the endpoints.')
param subnetId string

@description('Required. Id of the virtual network that resolves the names.')
param networkId string

@description('Required. Private DNS zones: create new ones, use existing ones, or none.')
@allowed(['create', 'existing', 'none'])
param zones string

@description('Optional. Ids of the existing zones.')
param zoneIds dnsZoneIds?

// https://learn.microsoft.com/azure/private-link/private-endpoint-dns
var sites = {
  AzureCloud: 'azurewebsites.net'
  AzureUSGovernment: 'azurewebsites.us'
  AzureChinaCloud: 'chinacloudsites.cn'
}
var suffixes = {
  blob: 'blob.${environment().suffixes.storage}'
  queue: 'queue.${environment().suffixes.storage}'
  table: 'table.${environment().suffixes.storage}'
  site: sites[environment().name]
}

// One by one: a storage account accepts one change at a time (StorageAccountOperationInProgress).
@batchSize(1)
resource endpoint 'Microsoft.Network/privateEndpoints@2025-05-01' = [
  for service in services: {
    name: replace(endpointName, '{service}', service)
    location: location
    tags: tags
    properties: {
      subnet: { id: subnetId }
      customNetworkInterfaceName: 'nic-${replace(endpointName, '{service}', service)}'
      privateLinkServiceConnections: [
        {
          name: service
          properties: { privateLinkServiceId: targetId, groupIds: [service == 'site' ? 'sites' : service] }
        }
      ]
    }
  }
]

resource zone 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for service in services: if (zones == 'create') {
    name: 'privatelink.${suffixes[service]}'
    location: 'global'
    tags: tags
  }
]

resource link 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (service, i) in services: if (zones == 'create') {
    parent: zone[i]
    name: linkName
    location: 'global'
    tags: tags
    properties: { registrationEnabled: false, virtualNetwork: { id: networkId } }
  }
]

resource record 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2025-05-01' = [
  for (service, i) in services: if (zones != 'none') {
    parent: endpoint[i]
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        {
          name: service
          properties: { privateDnsZoneId: zones == 'create' ? zone[i].id : zoneIds![service] }
        }
      ]
    }
  }
]
