metadata description = 'Private endpoints of the three services of the storage, and their DNS names.'

@description('Required. Name of the endpoints; {service} becomes the service.')
param endpointName string

@description('Required. Name of the links from the zones to the virtual network.')
param linkName string

@description('Required. Region.')
param location string

@description('Required. Tags.')
param tags object

@description('Required. Id of the storage account.')
param storageId string

@description('Required. Id of the subnet of the endpoints.')
param subnetId string

@description('Required. Id of the virtual network that resolves the names.')
param networkId string

@description('Required. Private DNS zones: create new ones, use existing ones, or none.')
@allowed(['create', 'existing', 'none'])
param zones string

@description('Optional. Ids of the existing zones.')
param zoneIds { blob: string, queue: string, table: string }?

var services = ['blob', 'queue', 'table']

// One by one: the account accepts one change at a time (StorageAccountOperationInProgress).
@batchSize(1)
resource endpoint 'Microsoft.Network/privateEndpoints@2025-05-01' = [
  for service in services: {
    name: replace(endpointName, '{service}', service)
    location: location
    tags: tags
    properties: {
      subnet: { id: subnetId }
      privateLinkServiceConnections: [
        { name: service, properties: { privateLinkServiceId: storageId, groupIds: [service] } }
      ]
    }
  }
]

resource zone 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for service in services: if (zones == 'create') {
    name: 'privatelink.${service}.${environment().suffixes.storage}'
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
