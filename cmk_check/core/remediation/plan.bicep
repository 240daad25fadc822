// The Bicep of plans, which bicep.py assembles. A part follows its name in brackets, and @name@ is
// replaced with a value. Lines that start with three slashes are left out of templates.

/// [head]
// Vault, key and grant of a plan that encrypts an account with a customer-managed key.
// Deploy it into the vault's resource group.
//
// It does not change the account itself: a template would have to declare the whole account and
// would reset everything that it omits, such as network rules and tags. So run these commands too.
// Set SUBSCRIPTION, GROUP and ACCOUNT to accountSubscription, accountGroup and accountName below,
// and VAULT_SUBSCRIPTION and VAULT_GROUP to the vault's subscription and resource group. The same
// plan as a bash script does all of this, retries until the grant takes effect, and may also be run
// after this deployment.
//

/// [grant_head]
// The grant of a plan that fixes the key of an account.
// Deploy it into the vault's resource group:
//
//   az deployment group create --subscription="$VAULT_SUBSCRIPTION" \
//     --resource-group="$VAULT_GROUP" --name=cmk --template-file=cmk.bicep
//
// The same plan as a bash script checks first, and may also be run after this deployment.
//
// Read this first:

/// [assign]
//   az cognitiveservices account identity assign --subscription="$SUBSCRIPTION" \
//     --resource-group="$GROUP" --name="$ACCOUNT"

/// [protect]
//   az keyvault update --subscription="$VAULT_SUBSCRIPTION" --resource-group="$VAULT_GROUP" \
//     --name="$VAULT" --enable-purge-protection=true

/// [around]
//   az deployment group create --subscription="$VAULT_SUBSCRIPTION" \
//     --resource-group="$VAULT_GROUP" --name=cmk --template-file=cmk.bicep
// Ten minutes later, when the grant has taken effect:
//   az cognitiveservices account update --subscription="$SUBSCRIPTION" \
//     --resource-group="$GROUP" --name="$ACCOUNT" --encryption="$(az deployment group show \
//     --subscription="$VAULT_SUBSCRIPTION" --resource-group="$VAULT_GROUP" --name=cmk \
//     --query=properties.outputs.encryption.value --output=json)"
//
// Read this first:

/// [once]
// - Deploy it once: a second deployment resets settings that were changed on the vault since.

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
// An existing key is not changed.
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
// "add" keeps all other policies and the other permissions of this identity.
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
