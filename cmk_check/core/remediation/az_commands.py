r"""The bash of a remediation script, a block per step; no name of anybody's stands in here.

Habits: a command's output is assigned before it is used, because ``set -e`` sees a failure only
there; what is there is asked for by lists, which fail when they cannot be read, so that trouble is
never taken for absence.
"""

from collections.abc import Mapping
from typing import Final

# What shellcheck says of a name that holds a quote, a backslash or a dollar sign.
LITERAL_NAMES: Final = (
    "# shellcheck disable=SC1003,SC2016,SC2089,SC2090 # names are literal, whatever they hold\n"
)

HEAD: Final = """\
#!/usr/bin/env bash
# Puts an account under a customer-managed key. Needs the az command, signed in; asks nothing.
# Every step looks first, so after a failure just run it again. In a sovereign cloud, choose the
# cloud before: az cloud set --name AzureUSGovernment (or AzureChinaCloud), then az login.
# Before you run it:
"""

OPTIONS: Final = f"""\
{LITERAL_NAMES}set -euo pipefail

# Change vault and key here if you want others. VAULT_GROUP and TENANT may be empty.
"""

# A script has those that it uses; one may use those before it.
FUNCTIONS: Final[Mapping[str, str]] = {
    "say": "say() { printf '%s\\n' \"$*\"; }\n",
    "stop": """\
stop() {
  printf 'Stopped: %s\\n' "$*" >&2
  exit 1
}
""",
    "not_yet": """\
not_yet() {
  printf 'Stopped: %s\\n' "$*" >&2
  exit "$NOT_YET"
}
""",
    "plain": """\
plain() { printf '%s' "$1" | tr '[:upper:]' '[:lower:]' | tr -d ' '; }
""",
    "listed": """\
listed() { printf '%s\\n' "$1" | grep -ixF -e "$2" >/dev/null; }
""",
    "decided": """\
# What a person has to decide is done only if a variable says so.
decided() {
  local variable=$1
  shift
  if [ "${!variable:-}" != yes ]; then
    stop "$* If it is to be done all the same: $variable=yes bash $0"
  fi
}
""",
    "unusable": """\
unusable() {
  stop "$1: it has to be RSA of 2048 bits or more, enabled, within its dates, and allowed to" \\
    'wrap and unwrap'
}
""",
    "account": """\
account() {
  az cognitiveservices account show --subscription="$SUBSCRIPTION" --resource-group="$GROUP" \\
    --name="$ACCOUNT" --query="$1" --output=tsv
}
""",
    "is_failed": """\
is_failed() { case $(plain "$1") in failed | canceled) ;; *) return 1 ;; esac; }
""",
    "encryption": """\
encryption() {
  account "join('|', [properties.encryption.keySource || '',
    properties.encryption.keyVaultProperties.keyName || '',
    properties.encryption.keyVaultProperties.keyVersion || '',
    properties.encryption.keyVaultProperties.keyVaultUri || ''])"
}
""",
    "fact": """\
fact() {
  az rest --method=get --url="$1?api-version=$KEY_VAULT_API" --query="$2" --output=tsv
}
""",
    "vault": """\
vault() { fact "$VAULT_ID" "$1"; }
""",
    "key": """\
# Of the version that the account uses.
key() { fact "$KEY_ID${VERSION:+/versions/$VERSION}" "$1"; }
""",
}

NO_FILES: Final = """\
for value in "$SUBSCRIPTION" "$GROUP" "$ACCOUNT" "$VAULT_GROUP"; do
  case $value in
    @*) stop "az would read a file where a name begins with @: $value" ;;
  esac
done
"""

CHECK_TENANT: Final = """\
tenant=$(az account show --subscription="$SUBSCRIPTION" --query=tenantId --output=tsv) ||
  stop "sign in first: az login ${TENANT:+--tenant $TENANT}"
if [ -n "$TENANT" ] && [ "$(plain "$tenant")" != "$(plain "$TENANT")" ]; then
  stop "az uses tenant $tenant for this subscription, not $TENANT"
fi
set_to=$(encryption)
"""

SIGN_IN: Final = f"""\
{CHECK_TENANT}\
IFS='|' read -r source named _ held_in <<<"$set_to"
if [ "$(plain "$source")" = microsoft.keyvault ] && [ -n "$(plain "$named")" ] &&
  [ "$named" != "$KEY" ]; then
  stop "the account is under another customer-managed key by now: $named"
fi
"""

FIND_IDENTITY: Final = """\
type=$(account identity.type)
"""

ASSIGN_IDENTITY: Final = """\
case $type in
  *SystemAssigned*) say '   It has one.' ;;
  '' | None)
    az cognitiveservices account identity assign --subscription="$SUBSCRIPTION" \\
      --resource-group="$GROUP" --name="$ACCOUNT" --output=none
    ;;
  *) stop "the account has another identity by now ($type): create the plan again" ;;
esac
"""

FIND_VAULT: Final = """\
found=$(az keyvault list --subscription="$VAULT_SUBSCRIPTION" --resource-group="$VAULT_GROUP" \\
  --resource-type=vault --query="[?name=='$VAULT'].resourceGroup" --output=tsv)
"""

FIND_SHARED_VAULT: Final = f"""\
{FIND_VAULT}if [ -z "$found" ]; then
  # An earlier plan may have created it in the resource group of another account.
  found=$(az keyvault list --subscription="$VAULT_SUBSCRIPTION" --resource-type=vault \\
    --query="[?name=='$VAULT'].resourceGroup" --output=tsv)
  if [ -n "$found" ]; then VAULT_GROUP=$found; fi
fi
"""

CREATE_VAULT: Final = """\
if [ -z "$found" ]; then
  if [ -z "$LOCATION" ]; then LOCATION=$(account location); fi
  az keyvault create --subscription="$VAULT_SUBSCRIPTION" --resource-group="$VAULT_GROUP" \\
    --name="$VAULT" --location="$LOCATION" --enable-rbac-authorization=true \\
    --enable-purge-protection=true --retention-days="$RETENTION_DAYS" --output=none
fi
"""

CHECK_VAULT: Final = """\
set --
if [ -n "$VAULT_GROUP" ]; then set -- "--resource-group=$VAULT_GROUP"; fi
VAULT_ID=$(az keyvault show --subscription="$VAULT_SUBSCRIPTION" "$@" --name="$VAULT" --query=id \\
  --output=tsv) ||
  stop "no vault $VAULT was found in subscription $VAULT_SUBSCRIPTION"
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
  [ "$(plain "${held_in%/}")" != "$(plain "${VAULT_URI%/}")" ]; then
  stop "the account is under a key of another vault by now: $named in $held_in"
fi
"""

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
CREATE_KEY: Final = (
    """\
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
"""
)

SYSTEM_PRINCIPAL: Final = """\
PRINCIPAL_ID=$(account identity.principalId)
"""

USER_PRINCIPAL: Final = """\
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

# Azure merges what it is sent: a client id from before would stay, and be used, unless it is null.
SYSTEM_PROPERTIES: Final = """\
properties='"identityClientId": null, '
"""
USER_PROPERTIES: Final = """\
properties="\\"identityClientId\\": \\"$CLIENT_ID\\", "
"""

FIND_GRANT: Final = """\
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

DECIDE_GRANT: Final = """\
if [ -z "$held" ]; then
  decided CONFIRM_GRANT 'the identity may not use the key. Somebody may have taken the access' \\
    'away on purpose: ask the owner of the key.'
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

WAIT: Final = """\
if [ "$TRIES" = 1 ]; then
  say '   Azure does not say when; the next step is tried once.'
else
  say "   Azure does not say when; the next step is tried $TRIES times, $PAUSE seconds apart."
fi
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

VERIFY: Final = """\
if ! is_done; then
  stop "the account is $state, and set to (source|key|version|vault): $set_to"
fi
say "Done: the account is under the key $KEY in $VAULT_URI"
"""
