metadata description = 'A virtual network for the app and the private endpoints of its storage, if there is no existing one.'

@description('Required. Names of the resources.')
param names {
  appSubnet: string
  endpointSubnet: string
  natGateway: string
  networkSecurityGroup: string
  publicIpAddress: string
  virtualNetwork: string
  *: string
}

@description('Required. Region.')
param location string

@description('Required. Tags.')
param tags object

@description('Required. Its address space.')
param addressSpace string

@description('Required. Id of the route table of both subnets, or empty: then a NAT gateway provides outbound access.')
param routeTableId string

@description('Required. Whether its NAT gateway spreads across the zones of the region.')
param zoneRedundant bool

var size = parseCidr(addressSpace).cidr
var routeTable = empty(routeTableId) ? null : { id: routeTableId }

resource address 'Microsoft.Network/publicIPAddresses@2025-05-01' = if (empty(routeTableId)) {
  name: names.publicIpAddress
  location: location
  tags: tags
  sku: { name: zoneRedundant ? 'StandardV2' : 'Standard' }
  properties: { publicIPAllocationMethod: 'Static' }
}

// A gateway and its address must have the same SKU. StandardV2 is zone-redundant, but some regions do
// not offer it: https://learn.microsoft.com/azure/nat-gateway/nat-sku
// All outbound traffic of the app goes through the network, and new subnets have no outbound access.
resource gateway 'Microsoft.Network/natGateways@2025-05-01' = if (empty(routeTableId)) {
  name: names.natGateway
  location: location
  tags: tags
  sku: { name: zoneRedundant ? 'StandardV2' : 'Standard' }
  properties: { publicIpAddresses: [{ id: address.id }] }
}

// The default rules are enough: they allow nothing in from the internet.
resource guard 'Microsoft.Network/networkSecurityGroups@2025-05-01' = {
  name: names.networkSecurityGroup
  location: location
  tags: tags
  properties: { securityRules: [] }
}

resource network 'Microsoft.Network/virtualNetworks@2025-05-01' = {
  name: names.virtualNetwork
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: [addressSpace] }
    subnets: [
      {
        name: names.appSubnet
        properties: {
          addressPrefix: cidrSubnet(addressSpace, size + 1, 0)
          defaultOutboundAccess: false
          natGateway: empty(routeTableId) ? { id: gateway.id } : null
          networkSecurityGroup: { id: guard.id }
          routeTable: routeTable
          delegations: [{ name: 'app', properties: { serviceName: 'Microsoft.App/environments' } }]
        }
      }
      {
        name: names.endpointSubnet
        properties: {
          addressPrefix: cidrSubnet(addressSpace, size + 2, 2)
          defaultOutboundAccess: false
          networkSecurityGroup: { id: guard.id }
          routeTable: routeTable
          privateEndpointNetworkPolicies: 'Enabled'
        }
      }
    ]
  }

  resource appSubnet 'subnets' existing = {
    name: names.appSubnet
  }

  resource endpointSubnet 'subnets' existing = {
    name: names.endpointSubnet
  }
}

@description('Id of the virtual network.')
output id string = network.id

@description('Id of the subnet of the app.')
output appSubnetId string = network::appSubnet.id

@description('Id of the subnet of the private endpoints.')
output endpointSubnetId string = network::endpointSubnet.id
