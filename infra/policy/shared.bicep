metadata description = 'What management_group.bicep and subscription.bicep share.'

@export()
type effects = 'Audit' | 'Deny' | 'Disabled'

// cmk_check recognises the definition by its name: an exemption from it counts as an exception. The name of
// an assignment at a management group has at most 24 characters.
@export()
var name = 'cmk-check-customer-keys'

@export()
var title = 'Azure OpenAI and Microsoft Foundry accounts must use a customer-managed key'

@export()
var definition = {
  displayName: title
  description: 'Assesses the kinds OpenAI and AIServices. It checks whether the key source is Key Vault, but neither the name of the key nor whether the key can be used: cmk_check does.'
  policyType: 'Custom'
  mode: 'Indexed'
  metadata: {
    category: 'Azure Ai Services'
    version: '1.0.0'
  }
  parameters: {
    effect: {
      type: 'String'
      metadata: {
        displayName: 'Effect'
        description: 'Audit reports accounts without a customer-managed key. Deny also refuses requests that create or update one. Disabled does nothing.'
      }
      allowedValues: ['Audit', 'Deny', 'Disabled']
      defaultValue: 'Audit'
    }
  }
  policyRule: loadJsonContent('rule.json')
}

@export()
var message = 'This account must be encrypted with a customer-managed key. To create one: create a user-assigned identity, give it the role Key Vault Crypto Service Encryption User on the key, and then create the account in one request, with this identity and with properties.encryption: keySource Microsoft.KeyVault, and in keyVaultProperties the keyVaultUri, the keyName and the identityClientId.'
