metadata description = 'The identity that the app uses everywhere. It and its roles remain when the app is deleted.'

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

@description('Object id, for role assignments.')
output principalId string = identity.properties.principalId
