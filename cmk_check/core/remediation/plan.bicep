// The Bicep of plans, which bicep.py puts together. A part follows its name in brackets, and @name@
// stands for a value. Lines that begin with three slashes are written into no template.

/// [head]
// Vault, key and grant of a plan that puts an account under a customer-managed key.
// Deploy it into the vault's resource group.
//
// It leaves the account itself alone: a template would have to declare all of the account, and
// would reset what it leaves out, such as network rules and tags. So run these commands around it,
// with accountSubscription, accountGroup and accountName from below as SUBSCRIPTION, GROUP and
// ACCOUNT, and the vault's subscription and resource group as VAULT_SUBSCRIPTION and VAULT_GROUP.
// The same plan as a bash script does all of this, tries again until the grant has taken effect,
// and may also be run after this deployment.
//

/// [grant_head]
// The grant of a plan that ends what is wrong with the key of an account.
// Deploy it into the vault's resource group:
//
//   az deployment group create --subscription="$VAULT_SUBSCRIPTION" \
//     --resource-group="$VAULT_GROUP" --name=cmk --template-file=cmk.bicep
//
// The same plan as a bash script looks first, and may also be run after this deployment.
//
// Before you do:

/// [assign]
//   az cognitiveservices account identity assign --subscription="$SUBSCRIPTION" \
//     --resource-group="$GROUP" --name="$ACCOUNT"

/// [protect]
//   az keyvault update --subscription="$VAULT_SUBSCRIPTION" --resource-group="$VAULT_GROUP" \
//     --name="$VAULT" --enable-purge-protection=true

/// [around]
//   az deployment group create --subscription="$VAULT_SUBSCRIPTION" \
//     --resource-group="$VAULT_GROUP" --name=cmk --template-file=cmk.bicep
// and ten minutes later, when the grant has taken effect:
//   az cognitiveservices account update --subscription="$SUBSCRIPTION" \
//     --resource-group="$GROUP" --name="$ACCOUNT" --encryption="$(az deployment group show \
//     --subscription="$VAULT_SUBSCRIPTION" --resource-group="$VAULT_GROUP" --name=cmk \
//     --query=properties.outputs.encryption.value --output=json)"
//
// Before you do:

/// [once]
// - Deploy it once: deployed again, it resets what was set on the vault meanwhile.

/// [account]
var roleId = '@role_id@' // Key Vault Crypto Service Encryption User

resource account 'Microsoft.CognitiveServices/accounts@2025-09-01' existing = {
  scope: resourceGroup(accountSubscription, accountGroup)
  name: accountName
}

/// [new_vault]
resource vault 'Microsoft.KeyVault/vaults@@key_vault_api@' = {
  name: vaultName
  location: location
  properties: {
    tenantId: subscription().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: @retention_days@
    enablePurgeProtection: true
  }
}

/// [old_vault]
resource vault 'Microsoft.KeyVault/vaults@@key_vault_api@' existing = {
  name: vaultName
}

/// [new_key]
// A key that exists is left as it is.
resource key 'Microsoft.KeyVault/vaults/keys@@key_vault_api@' = {
  parent: vault
  name: keyName
  properties: {
    kty: 'RSA'
    keySize: @key_size@
    rotationPolicy: {
      attributes: { expiryTime: 'P2Y' }
      lifetimeActions: [
        { trigger: { timeAfterCreate: 'P1Y' }, action: { type: 'rotate' } }
      ]
    }
  }
}

/// [old_key]
resource key 'Microsoft.KeyVault/vaults/keys@@key_vault_api@' existing = {
  parent: vault
  name: keyName
}

/// [role_assignment]
resource grant 'Microsoft.Authorization/roleAssignments@2022-04-01' = @condition@{
  scope: key
  name: guid(key.id, account.id, roleId)
  properties: {
    principalId: @principal@
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleId)
  }
}

/// [access_policy]
// "add" leaves all other policies, and other permissions of this identity, as they are.
resource policy 'Microsoft.KeyVault/vaults/accessPolicies@@key_vault_api@' = if (usesPolicies) {
  parent: vault
  name: 'add'
  properties: {
    accessPolicies: [
      {
        tenantId: subscription().tenantId
        objectId: @object@
        permissions: { keys: ['get', 'wrapKey', 'unwrapKey'] }
      }
    ]
  }
}

/// [user_principal]
filter(
  items(account.identity.userAssignedIdentities),
  each => toLower(each.value.clientId) == toLower(identityClientId)
)[0].value.principalId

/// [output]
output encryption object = {
  keySource: 'Microsoft.KeyVault'
  keyVaultProperties: {
    identityClientId: @client@
    keyName: key.name
    keyVersion: ''
    keyVaultUri: vault.properties.vaultUri
  }
}
