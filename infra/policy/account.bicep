metadata name = 'cmk_check: an account that the policy lets through, created in one request'
metadata description = 'An example. First give the identity the right to use the key: role Key Vault Crypto Service Encryption User.'

@description('Required. Name of the account; also its subdomain.')
param name string

@description('Optional. Kind of the account: Azure OpenAI or Microsoft Foundry.')
param kind 'AIServices' | 'OpenAI' = 'AIServices'

@description('Optional. Region of the account and of the vault.')
param location string = resourceGroup().location

@description('Required. Id of the user-assigned identity that may use the key.')
param identityId string

@description('Required. Client id of this identity.')
param identityClientId string

@description('Required. Address of the vault, such as https://kv-example.vault.azure.net.')
param keyVaultUri string

@description('Required. Name of the key. Without a version the account follows the key rotation.')
param keyName string

resource account 'Microsoft.CognitiveServices/accounts@2025-09-01' = {
  name: name
  location: location
  kind: kind
  sku: {
    name: 'S0'
  }
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    customSubDomainName: name
    // Closed in both directions and with Entra ID only, as Enforce-GR-OpenAI0 of Azure Landing Zones requires.
    // Open the account as needed, and list the hosts that it may call in allowedFqdnList.
    publicNetworkAccess: 'Disabled'
    networkAcls: { defaultAction: 'Deny' }
    disableLocalAuth: true
    restrictOutboundNetworkAccess: true
    encryption: {
      keySource: 'Microsoft.KeyVault'
      keyVaultProperties: {
        keyVaultUri: keyVaultUri
        keyName: keyName
        identityClientId: identityClientId
      }
    }
  }
}
