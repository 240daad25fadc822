"""A remediation plan as Bicep: vault, key and grant; the account's own two steps stay commands.

Bicep can set an account's identity and encryption only by declaring the whole account, and what a
declaration leaves out (network rules, tags, ...) Azure resets. So this says so and does not.
Names are hostile text: each stands once, as one escaped literal.
"""

import re
from typing import Final

from cmk_check.core.remediation.cmk_plan import (
    KEY_SIZE,
    KEY_VAULT_API,
    RETENTION_DAYS,
    ROLE_ID,
    Plan,
)
from cmk_check.core.remediation.steps import Action

_HEAD: Final = """\
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
"""
_GRANT_HEAD: Final = """\
// The grant of a plan that ends what is wrong with the key of an account.
// Deploy it into the vault's resource group:
//
//   az deployment group create --subscription="$VAULT_SUBSCRIPTION" \\
//     --resource-group="$VAULT_GROUP" --name=cmk --template-file=cmk.bicep
//
// The same plan as a bash script looks first, and may also be run after this deployment.
//
// Before you do:
"""
_ASSIGN: Final = """\
//   az cognitiveservices account identity assign --subscription="$SUBSCRIPTION" \\
//     --resource-group="$GROUP" --name="$ACCOUNT"
"""
_PROTECT: Final = """\
//   az keyvault update --subscription="$VAULT_SUBSCRIPTION" --resource-group="$VAULT_GROUP" \\
//     --name="$VAULT" --enable-purge-protection=true
"""
_AROUND: Final = """\
//   az deployment group create --subscription="$VAULT_SUBSCRIPTION" \\
//     --resource-group="$VAULT_GROUP" --name=cmk --template-file=cmk.bicep
// and ten minutes later, when the grant has taken effect:
//   az cognitiveservices account update --subscription="$SUBSCRIPTION" \\
//     --resource-group="$GROUP" --name="$ACCOUNT" --encryption="$(az deployment group show \\
//     --subscription="$VAULT_SUBSCRIPTION" --resource-group="$VAULT_GROUP" --name=cmk \\
//     --query=properties.outputs.encryption.value --output=json)"
//
// Before you do:
"""
_ACCOUNT: Final = f"""
var roleId = '{ROLE_ID}' // Key Vault Crypto Service Encryption User

resource account 'Microsoft.CognitiveServices/accounts@2025-09-01' existing = {{
  scope: resourceGroup(accountSubscription, accountGroup)
  name: accountName
}}
"""
_NEW_VAULT: Final = f"""
resource vault 'Microsoft.KeyVault/vaults@{KEY_VAULT_API}' = {{
  name: vaultName
  location: location
  properties: {{
    tenantId: subscription().tenantId
    sku: {{ family: 'A', name: 'standard' }}
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: {RETENTION_DAYS}
    enablePurgeProtection: true
  }}
}}
"""
_OLD_VAULT: Final = f"""
resource vault 'Microsoft.KeyVault/vaults@{KEY_VAULT_API}' existing = {{
  name: vaultName
}}
"""
_KEY: Final = f"""
// A key that exists is left as it is.
resource key 'Microsoft.KeyVault/vaults/keys@{KEY_VAULT_API}' = {{
  parent: vault
  name: keyName
  properties: {{
    kty: 'RSA'
    keySize: {KEY_SIZE}
    rotationPolicy: {{
      attributes: {{ expiryTime: 'P2Y' }}
      lifetimeActions: [
        {{ trigger: {{ timeAfterCreate: 'P1Y' }}, action: {{ type: 'rotate' }} }}
      ]
    }}
  }}
}}
"""
_OLD_KEY: Final = f"""
resource key 'Microsoft.KeyVault/vaults/keys@{KEY_VAULT_API}' existing = {{
  parent: vault
  name: keyName
}}
"""
_ROLE_ASSIGNMENT: Final = """
resource grant 'Microsoft.Authorization/roleAssignments@2022-04-01' = {condition}{{
  scope: key
  name: guid(key.id, account.id, roleId)
  properties: {{
    principalId: {principal}
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleId)
  }}
}}
"""
_ACCESS_POLICY: Final = f"""
// "add" leaves all other policies, and other permissions of this identity, as they are.
resource policy 'Microsoft.KeyVault/vaults/accessPolicies@{KEY_VAULT_API}' = if (usesPolicies) {{
  parent: vault
  name: 'add'
  properties: {{
    accessPolicies: [
      {{
        tenantId: subscription().tenantId
        objectId: {{principal}}
        permissions: {{ keys: ['get', 'wrapKey', 'unwrapKey'] }}
      }}
    ]
  }}
}}
"""
_USER_PRINCIPAL: Final = """\
filter(
  items(account.identity.userAssignedIdentities),
  each => toLower(each.value.clientId) == toLower(identityClientId)
)[0].value.principalId"""
_OUTPUT: Final = """
output encryption object = {{
  keySource: 'Microsoft.KeyVault'
  keyVaultProperties: {{
    identityClientId: {client}
    keyName: key.name
    keyVersion: ''
    keyVaultUri: vault.properties.vaultUri
  }}
}}
"""


def render_bicep(plan: Plan) -> str | None:
    """Write a plan down as a Bicep template for the vault's resource group.

    It compiles without a warning. Its head names the ``az`` commands for what a template must not
    do, and its output ``encryption`` is what the last of them sets. A plan for a key that exists
    has a template only if the grant is all that is missing, else None: the rest would have to
    declare the whole vault or account, or is not of Azure Resource Manager.
    """
    is_new = plan.vault.is_new
    actions = [step.action for step in plan.steps]
    # The first and the last step only look.
    is_grant = {Action.GRANT, Action.GRANT_AGAIN}.issuperset(actions[1:-1])
    if not is_grant and Action.CREATE_KEY not in actions:
        return None
    head = [_GRANT_HEAD]
    if not is_grant:
        gives = not {Action.ASSIGN_IDENTITY, Action.RESTORE_IDENTITY}.isdisjoint(actions)
        head = [_HEAD, _ASSIGN if gives else "", "" if is_new else _PROTECT, _AROUND]
    warning = (
        "// - Deploy it once: deployed again, it resets what was set on the vault meanwhile.\n"
    )
    principal = _USER_PRINCIPAL if plan.user else "account.identity.principalId"
    parts = [
        *head,
        *(step.caution("//") for step in plan.steps),
        warning if is_new else "",
        _parameters(plan),
        _ACCOUNT,
        _NEW_VAULT if is_new else _OLD_VAULT,
        _OLD_KEY if is_grant else _KEY,
        _ROLE_ASSIGNMENT.format(
            condition="" if is_new else "if (!usesPolicies) ",
            principal=principal.replace("\n", "\n    "),
        ),
    ]
    if not is_new:
        parts.append(_ACCESS_POLICY.replace("{principal}", principal.replace("\n", "\n        ")))
    if not is_grant:
        parts.append(_OUTPUT.format(client="identityClientId" if plan.user else "null"))
    return "".join(parts)


def literal(text: str) -> str:
    """Write a text as a Bicep string: one literal, whatever it holds, and plain to read.

    https://learn.microsoft.com/azure/azure-resource-manager/bicep/data-types#strings
    """
    escaped = re.sub(r"[\\'$]", r"\\\g<0>", text)
    shown = (char if char.isprintable() else f"\\u{{{ord(char):x}}}" for char in escaped)
    return f"'{''.join(shown)}'"


def _parameters(plan: Plan) -> str:
    account = plan.account
    parts = [
        _parameter("The account's subscription", "accountSubscription", account.subscription_id),
        _parameter("The account's resource group", "accountGroup", account.resource_group),
        _parameter("The account's name", "accountName", account.name),
        _parameter("The vault's name", "vaultName", plan.vault.name),
        _parameter("The key's name", "keyName", plan.key),
    ]
    if plan.vault.is_new:
        parts.append(_parameter("The account's region", "location", plan.location))
    else:
        what = "Whether the vault uses access policies instead of roles"
        parts.append(f"\n@description('Optional. {what}.')\nparam usesPolicies bool = false\n")
    if plan.user:
        what = "Client id of the account's identity that is to use the key"
        parts.append(_parameter(what, "identityClientId", plan.client_id))
    return "".join(parts)


def _parameter(what: str, name: str, value: str | None) -> str:
    need, default = ("Required", "") if value is None else ("Optional", f" = {literal(value)}")
    return f"\n@description({literal(f'{need}. {what}.')})\nparam {name} string{default}\n"
