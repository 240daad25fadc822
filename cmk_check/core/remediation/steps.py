"""The steps of a remediation plan: in words, and as the bash that does them.

In words: what, why, and what cannot be taken back. Habits of the bash: a command's output is
assigned before it is used, because ``set -e`` sees a failure only there; what is there is asked for
by lists, which fail when they cannot be read, so that trouble is never taken for absence. It holds
no names: a script assigns them first. A renderer for another language does each step in its own
way.

Facts about Azure: Microsoft's pages "Customer-managed keys for Microsoft Foundry" and "Azure OpenAI
encryption of data at rest", which differ in places; docs/remediation.md says where.
"""

import textwrap
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final


class Action(StrEnum):
    """What a step does; a plan for a key takes its steps in this order.

    First what makes the key usable now, then what Azure asks for before an account may change its
    key, at last that change.
    """

    SIGN_IN = "sign_in"
    ASSIGN_IDENTITY = "assign_identity"
    CREATE_VAULT = "create_vault"
    CHECK_VAULT = "check_vault"
    CREATE_KEY = "create_key"
    GRANT = "grant"
    WAIT = "wait"
    SWITCH_ON = "switch_on"
    VERIFY = "verify"
    FIND_KEY = "find_key"
    REPLACE_KEY = "replace_key"
    REPLACE_BLOCKED_KEY = "replace_blocked_key"
    RECOVER_VAULT = "recover_vault"
    RECOVER_KEY = "recover_key"
    ENABLE_KEY = "enable_key"
    START_KEY = "start_key"
    PERMIT_WRAPPING = "permit_wrapping"
    RESTORE_IDENTITY = "restore_identity"
    GRANT_AGAIN = "grant_again"
    OPEN_FIREWALL = "open_firewall"
    SOFT_DELETE = "soft_delete"
    PROTECT_FROM_PURGE = "protect_from_purge"
    RENEW_KEY = "renew_key"
    ROTATE_KEY = "rotate_key"
    FOLLOW_KEY = "follow_key"
    REPEAT_UPDATE = "repeat_update"
    VERIFY_KEY = "verify_key"


ON_KEYS: Final = frozenset(
    {
        Action.RECOVER_KEY,
        Action.ENABLE_KEY,
        Action.START_KEY,
        Action.PERMIT_WRAPPING,
        Action.RENEW_KEY,
        Action.ROTATE_KEY,
    }
)
"""What goes to the vault itself, because Azure Resource Manager cannot do it."""


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One step, as plain text for people, and the ``commands`` in bash that do it.

    ``warning`` is what cannot be taken back, or None.
    """

    action: Action
    title: str
    why: str
    warning: str | None = None
    commands: str = field(kw_only=True)

    def caution(self, comment: str) -> str:
        """Return title and warning as lines that each begin with a comment's sign, or nothing."""
        if self.warning is None:
            return ""
        lines = textwrap.wrap(self.warning, 92, break_long_words=False)
        return "".join(
            f"{comment}{line}\n"
            for line in (f" - {self.title}:", *(f"   {line}" for line in lines))
        )


CHECK_TENANT: Final = """\
tenant=$(az account show --subscription="$SUBSCRIPTION" --query=tenantId --output=tsv) ||
  stop "sign in first: az login ${TENANT:+--tenant $TENANT}"
if [ -n "$TENANT" ] && [ "$(plain "$tenant")" != "$(plain "$TENANT")" ]; then
  stop "az uses tenant $tenant for this subscription, not $TENANT"
fi
set_to=$(encryption)
"""

SIGN_IN: Final = PlanStep(
    Action.SIGN_IN,
    "Sign in to the account's subscription",
    "Vault, key and account must be in one tenant, and everything else is done there.",
    commands=f"""\
{CHECK_TENANT}\
IFS='|' read -r source named _ held_in <<<"$set_to"
if [ "$(plain "$source")" = microsoft.keyvault ] && [ -n "$(plain "$named")" ] &&
  [ "$named" != "$KEY" ]; then
  stop "the account is under another customer-managed key by now: $named"
fi
""",
)
FIND_IDENTITY: Final = "type=$(account identity.type)\n"
IDENTITY: Final = """\
case $type in
  *SystemAssigned*) say '   It has one.' ;;
  '' | None)
    az cognitiveservices account identity assign --subscription="$SUBSCRIPTION" \\
      --resource-group="$GROUP" --name="$ACCOUNT" --output=none
    ;;
  *) stop "the account has another identity by now ($type): create the plan again" ;;
esac
"""
ASSIGN_IDENTITY: Final = PlanStep(
    Action.ASSIGN_IDENTITY,
    "Give the account a system-assigned identity",
    "The account reads the key as itself; without an identity nothing can be granted to it.",
    "Once the key is in use, removing this identity makes the account's data unreadable.",
    commands=FIND_IDENTITY + IDENTITY,
)
_ANOTHER_VAULT: Final = (
    ". To use another one: cmk-check plan"
    ' $(printf %q "/subscriptions/$SUBSCRIPTION/resourceGroups/$GROUP/providers/'
    'Microsoft.CognitiveServices/accounts/$ACCOUNT") --vault OTHER >fix.sh; bash fix.sh'
)
CHECK_VAULT: Final = PlanStep(
    Action.CHECK_VAULT,
    "Check the existing vault",
    "The vault has to be in the account's region and tenant, its firewall has to let Azure "
    "services in, and Azure refuses a key that could be purged.",
    "Where its purge protection is off, ask whoever owns the vault before you turn it on: it is "
    "for everything in the vault and for ever, and what is deleted stays until the vault's "
    "retention period is over.",
    commands=f"""\
set --
if [ -n "$VAULT_GROUP" ]; then set -- "--resource-group=$VAULT_GROUP"; fi
VAULT_ID=$(az keyvault show --subscription="$VAULT_SUBSCRIPTION" "$@" --name="$VAULT" --query=id \\
  --output=tsv) ||
  stop "there is no vault $VAULT in subscription $VAULT_SUBSCRIPTION, or you may not see it\
{_ANOTHER_VAULT}"
location=$(account location)
vault_location=$(vault location)
if [ "$(plain "$location")" != "$(plain "$vault_location")" ]; then
  stop "the vault is in $vault_location and the account in $location: choose a vault there"
fi
vault_tenant=$(vault properties.tenantId)
if [ "$(plain "$vault_tenant")" != "$(plain "$tenant")" ]; then
  stop "the vault belongs to tenant $vault_tenant and the account to $tenant"
fi
refuses=$(vault "properties.networkAcls.defaultAction == 'Deny' &&
  properties.networkAcls.bypass != 'AzureServices'")
if [ "$refuses" = true ]; then
  stop "the vault's firewall keeps Azure services out: let trusted Microsoft services pass"
fi
protected=$(vault properties.enablePurgeProtection)
if [ "$protected" != true ]; then
  stop 'the vault has no purge protection, which is for ever and for everything in it: ask' \\
    'whoever owns it, then run: az keyvault update --enable-purge-protection=true' \\
    "--subscription=$VAULT_SUBSCRIPTION --name=$VAULT"
fi
VAULT_URI=$(vault properties.vaultUri)
if [ "$(plain "$source")" = microsoft.keyvault ] && [ -n "$(plain "$named")" ] &&
  [ "$(plain "${{held_in%/}}")" != "$(plain "${{VAULT_URI%/}}")" ]; then
  stop "the account is under a key of another vault by now: $named in $held_in"
fi
""",
)
# A compliant account names its vault, and no other can be chosen for it.
CHECK_OWN_VAULT: Final = replace(
    CHECK_VAULT, commands=CHECK_VAULT.commands.replace(_ANOTHER_VAULT, "")
)
_FIND_VAULT: Final = """\
found=$(az keyvault list --subscription="$VAULT_SUBSCRIPTION" --resource-group="$VAULT_GROUP" \\
  --resource-type=vault --query="[?name=='$VAULT'].resourceGroup" --output=tsv)
"""
_FIND_SHARED_VAULT: Final = f"""\
{_FIND_VAULT}if [ -z "$found" ]; then
  # An earlier plan may have created it in the resource group of another account.
  found=$(az keyvault list --subscription="$VAULT_SUBSCRIPTION" --resource-type=vault \\
    --query="[?name=='$VAULT'].resourceGroup" --output=tsv)
  if [ -n "$found" ]; then VAULT_GROUP=$found; fi
fi
"""
_VAULT: Final = """\
if [ -z "$found" ]; then
  if [ -z "$LOCATION" ]; then LOCATION=$(account location); fi
  az keyvault create --subscription="$VAULT_SUBSCRIPTION" --resource-group="$VAULT_GROUP" \\
    --name="$VAULT" --location="$LOCATION" --enable-rbac-authorization=true \\
    --enable-purge-protection=true --retention-days="$RETENTION_DAYS" --output=none
fi
"""
CREATE_VAULT: Final = PlanStep(
    Action.CREATE_VAULT,
    "Create a key vault with purge protection",
    "The vault has to be in the account's region and tenant. Azure refuses a key that could be "
    "purged, so soft delete (90 days) and purge protection are required.",
    "Purge protection can never be turned off, nor can the 90 days be changed: a deleted vault or "
    "key stays, and its name stays taken, until they are over.",
    commands=_FIND_VAULT + _VAULT + CHECK_VAULT.commands,
)
CREATE_SHARED_VAULT: Final = replace(
    CREATE_VAULT,
    title="Create the shared key vault with purge protection, or find it",
    commands=_FIND_SHARED_VAULT + _VAULT + CHECK_VAULT.commands,
)
# Of a key or a version; $now has the seconds since 1970.
USABLE: Final = """\
contains(['RSA', 'RSA-HSM'], properties.kty) &&
  (properties.keySize == \\`null\\` || properties.keySize >= \\`2048\\`) &&
  (properties.keyOps == \\`null\\` ||
    contains(properties.keyOps, 'wrapKey') && contains(properties.keyOps, 'unwrapKey')) &&
  properties.attributes.enabled != \\`false\\` &&
  (properties.attributes.nbf == \\`null\\` || properties.attributes.nbf <= \\`$now\\`) &&
  (properties.attributes.exp == \\`null\\` || properties.attributes.exp > \\`$now\\`)"""
# Through Resource Manager: it needs no right on the keys, passes the vault's firewall, and answers
# with the key as it is where there is one of this name.
# https://learn.microsoft.com/rest/api/keyvault/keyvault/keys/create-if-not-exist
CREATE_KEY: Final = PlanStep(
    Action.CREATE_KEY,
    "Create an RSA key that is renewed every year",
    "RSA with 2048 bits is what all of Microsoft's pages accept. A rotation policy makes a new "
    "version every year. A key that exists is checked and left as it is.",
    "Whoever deletes or disables the key later makes the account's data unreadable.",
    commands="""\
now=$(date +%s)
KEY_ID="$VAULT_ID/keys/$KEY"
usable=$(az rest --method=put --url="$KEY_ID?api-version=$KEY_VAULT_API" --output=tsv --body='{
  "properties": {
    "kty": "RSA",
    "keySize": '"$KEY_SIZE"',
    "rotationPolicy": {
      "attributes": {"expiryTime": "P2Y"},
      "lifetimeActions": [{"trigger": {"timeAfterCreate": "P1Y"}, "action": {"type": "rotate"}}]
    }
  }
}' --query=\""""
    + USABLE
    + """\")
if [ "$usable" != true ]; then unusable "the key $KEY is of no use here"; fi
""",
)
CREATE_SHARED_KEY: Final = replace(
    CREATE_KEY,
    title="Create the shared RSA key that is renewed every year, or find it",
    warning="Whoever deletes or disables the key later makes the data of all accounts unreadable "
    "that share it.",
)
WAIT: Final = PlanStep(
    Action.WAIT,
    "Wait until the grant has taken effect",
    "A grant takes minutes to reach the vault, and what is tried sooner fails with a misleading "
    "error; so the next step is tried again for ten minutes.",
    commands="""\
if [ "$TRIES" = 1 ]; then
  say '   Azure does not say when; the next step is tried once.'
else
  say "   Azure does not say when; the next step is tried $TRIES times, $PAUSE seconds apart."
fi
""",
)
VERIFY: Final = PlanStep(
    Action.VERIFY,
    "Verify that the account names the key",
    "Only what Azure answers counts. The next scan closes the finding.",
    commands="""\
if ! is_done; then
  stop "the account is $state, and set to (source|key|version|vault): $set_to"
fi
say "Done: the account is under the key $KEY in $VAULT_URI"
""",
)

_SYSTEM_PRINCIPAL: Final = "PRINCIPAL_ID=$(account identity.principalId)\n"
_USER_PRINCIPAL: Final = """\
ids=$(account 'identity.userAssignedIdentities.*.clientId')
if [ -n "$CLIENT_ID" ]; then
  ids=$(printf '%s\\n' "$ids" | grep -ix -e "$CLIENT_ID" || true)
fi
if [ "$(printf '%s\\n' "$ids" | wc -l)" -ne 1 ]; then
  say 'The account has these identities, by client id:' "$ids"
  stop 'write the one that may use the key as CLIENT_ID into this script'
fi
CLIENT_ID=$ids
PRINCIPAL_ID=$(account "identity.userAssignedIdentities.* | [?clientId=='$CLIENT_ID'].principalId")
"""
_FIND_GRANT: Final = """\
if [ -z "$PRINCIPAL_ID" ]; then
  stop "the identity of this plan is not assigned to the account: create the plan again"
fi
by_roles=$(vault properties.enableRbacAuthorization)
if [ "$by_roles" = true ]; then
  held=$(az role assignment list --subscription="$VAULT_SUBSCRIPTION" --scope="$KEY_ID" \\
    --assignee-object-id="$PRINCIPAL_ID" --include-inherited --fill-principal-name=false \\
    --fill-role-definition-name=false --output=tsv \\
    --query="[?ends_with(roleDefinitionId, '$ROLE')].id")
else
  # A policy with an application id gives the identity nothing.
  held=$(vault "properties.accessPolicies[?objectId=='$PRINCIPAL_ID' && !applicationId]
    .permissions.keys[]")
  for permission in get wrapKey unwrapKey; do
    listed "$held" "$permission" || held=
  done
fi
"""
GRANT: Final = """\
if [ -n "$held" ]; then
  say '   It may use the key.'
elif [ "$by_roles" = true ]; then
  az role assignment create --subscription="$VAULT_SUBSCRIPTION" --scope="$KEY_ID" \\
    --assignee-object-id="$PRINCIPAL_ID" --assignee-principal-type=ServicePrincipal \\
    --role="$ROLE" --output=none
else
  # "add" leaves all other policies, and other permissions of this identity, as they are.
  az rest --method=put --url="$VAULT_ID/accessPolicies/add?api-version=$KEY_VAULT_API" \\
    --output=none --body='{"properties": {"accessPolicies": [{"tenantId": "'"$tenant"'",
      "objectId": "'"$PRINCIPAL_ID"'",
      "permissions": {"keys": ["get", "wrapKey", "unwrapKey"]}}]}}'
fi
"""
GRANT_WHY: Final = (
    "It gets read, wrap and unwrap on this one key (Key Vault Crypto Service Encryption User), or, "
    "where the vault uses access policies, get, wrapKey and unwrapKey."
)
# Azure merges what it is sent: a client id from before would stay, and be used, unless it is null.
_SYSTEM_PROPERTIES: Final = """\
properties='"identityClientId": null, '
"""
_USER_PROPERTIES: Final = """\
properties="\\"identityClientId\\": \\"$CLIENT_ID\\", "
"""
SWITCH_ON: Final = """\
is_done() {
  set_to=$(encryption) || stop 'the account cannot be read'
  state=$(account properties.provisioningState) || stop 'the account cannot be read'
  ! is_failed "$state" &&
    [ "$(plain "${set_to%/}")" = "$(plain "Microsoft.KeyVault|$KEY||${VAULT_URI%/}")" ]
}

wanted='{"keySource": "Microsoft.KeyVault", "keyVaultProperties": {'"$properties"'
  "keyName": "'"$KEY"'", "keyVersion": "", "keyVaultUri": "'"$VAULT_URI"'"}}'
tries=1
until is_done; do
  if said=$(az cognitiveservices account update --subscription="$SUBSCRIPTION" \\
    --resource-group="$GROUP" --name="$ACCOUNT" --encryption="$wanted" --output=none 2>&1); then
    break
  fi
  say "$said"
  case $said in *AuthorizationFailed*) stop 'you may not change the account' ;; esac
  if [ "$tries" -ge "$TRIES" ]; then
    not_yet 'Azure does not take the key; what it says stands above'
  fi
  say "   Not taken in try $tries of $TRIES; trying again in $PAUSE seconds."
  tries=$((tries + 1))
  sleep "$PAUSE"
done
"""


def find_grant(*, user: bool) -> str:
    """Return the commands that find the identity of the account, and what it may do."""
    return (_USER_PRINCIPAL if user else _SYSTEM_PRINCIPAL) + _FIND_GRANT


def grant(*, user: bool) -> PlanStep:
    """Return the step that lets an identity of the account use the key."""
    which = "user-assigned" if user else "system-assigned"
    return PlanStep(
        Action.GRANT,
        f"Let the account's {which} identity use the key",
        "It is the account that wraps and unwraps with the key, not whoever runs this. "
        + GRANT_WHY,
        "Once the key is in use, taking this grant away makes the account's data unreadable.",
        commands=find_grant(user=user) + GRANT,
    )


def switch_on(kind: str | None, *, user: bool) -> PlanStep:
    """Return the step that sets the account's encryption, with an identity to use the key."""
    is_foundry = (kind or "").lower() == "aiservices"
    return PlanStep(
        Action.SWITCH_ON,
        "Switch encryption to the key, without a version",
        "The key is named without a version, so that the account follows its rotation by itself; "
        "a pinned version would have to be updated by hand each time.",
        "One way: a Foundry account cannot go back to Microsoft's keys, and can later use only "
        "another key of the same vault."
        if is_foundry
        else "Take it for one way: Microsoft's pages disagree on the way back to Microsoft's keys, "
        "and another key can later be chosen in the same vault alone.",
        commands=(_USER_PROPERTIES if user else _SYSTEM_PROPERTIES) + SWITCH_ON,
    )
