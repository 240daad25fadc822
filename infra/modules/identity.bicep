metadata description = 'The identity that the app has towards everything: it outlives the app, and so do the roles granted to it.'

@description('Required. Name of the identity.')
param name string

@description('Required. Region.')
param location string

@description('Required. Tags.')
param tags object

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: name
  location: location
  tags: tags
}

@description('Object id, by which roles name it.')
output principalId string = identity.properties.principalId
