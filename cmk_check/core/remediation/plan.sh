#!/usr/bin/env bash
# The bash of plans: shared parts, then the steps of steps.toml. A part follows its name in
# brackets. @name@ is replaced with the part or value of that name. Lines that start with two number
# signs are left out of scripts.
#
# The steps assign a command's output before they use it, because `set -e` notices a failure only
# there. To find out whether something exists they read lists, which fail if they cannot be read, so
# that a failure never counts as absence. They contain no names: a script assigns those first. They
# read facts from Azure Resource Manager, which needs no right on the key; commands that change or
# recover a key call the vault itself, because Azure Resource Manager cannot do that.
#
# shellcheck disable=SC2153,SC2288 # scripts assign TRIES and TYPE, and quote [usable]

## [head]
# Encrypts an account with a customer-managed key. Needs the az command, signed in; does not prompt.
# Every step checks first, so after a failure just run the script again. In a sovereign cloud, first
# choose the cloud: az cloud set --name AzureUSGovernment (or AzureChinaCloud), then az login.
# Read this before you run it:

## [key_head]
# Fixes the key of an account. Needs the az command, signed in; does not prompt.
# Every step checks first, so after a failure just run the script again. If a person must decide,
# the script stops and names the variable that confirms. In a sovereign cloud, first choose the
# cloud: az cloud set --name AzureUSGovernment (or AzureChinaCloud), then az login.
# Read this before you run it:

## [functions]
## A script gets only those that it uses; each may use earlier ones. Blank lines separate them.
say() { printf '%s\n' "$*"; }

stop() {
  printf 'Stopped: %s\n' "$*" >&2
  exit 1
}

not_yet() {
  printf 'Stopped: %s\n' "$*" >&2
  exit "$NOT_YET"
}

plain() { printf '%s' "$1" | tr '[:upper:]' '[:lower:]' | tr -d ' '; }

listed() { printf '%s\n' "$1" | grep -ixF -e "$2" >/dev/null; }

# A step that a person must decide on is done only if its variable is yes.
decided() {
  local variable=$1
  shift
  if [ "${!variable:-}" != yes ]; then
    stop "$* To do it anyway: $variable=yes bash $0"
  fi
}

unusable() {
  stop "$1: it must be RSA with at least 2048 bits, enabled, within its dates, and permitted to" \
    'wrap and unwrap'
}

account() {
  az cognitiveservices account show --subscription="$SUBSCRIPTION" --resource-group="$GROUP" \
    --name="$ACCOUNT" --query="$1" --output=tsv
}

is_failed() { case $(plain "$1") in failed | canceled) ;; *) return 1 ;; esac; }

encryption() {
  account "join('|', [properties.encryption.keySource || '',
    properties.encryption.keyVaultProperties.keyName || '',
    properties.encryption.keyVaultProperties.keyVersion || '',
    properties.encryption.keyVaultProperties.keyVaultUri || ''])"
}

fact() {
  az rest --method=get --url="$1?api-version=$KEY_VAULT_API" --query="$2" --output=tsv
}

vault() { fact "$VAULT_ID" "$1"; }

# A fact about the version that the account uses.
key() { fact "$KEY_ID${VERSION:+/versions/$VERSION}" "$1"; }

## [no_files]
for value in "$SUBSCRIPTION" "$GROUP" "$ACCOUNT" "$VAULT_GROUP"; do
  case $value in
    @*) stop "az would read a file, because a name starts with @: $value" ;;
  esac
done

## [check_tenant]
tenant=$(az account show --subscription="$SUBSCRIPTION" --query=tenantId --output=tsv) ||
  stop "sign in first: az login ${TENANT:+--tenant $TENANT}"
if [ -n "$TENANT" ] && [ "$(plain "$tenant")" != "$(plain "$TENANT")" ]; then
  stop "az uses tenant $tenant for this subscription, not $TENANT"
fi
set_to=$(encryption)

## [sign_in]
@check_tenant@
IFS='|' read -r source named _ held_in <<<"$set_to"
if [ "$(plain "$source")" = microsoft.keyvault ] && [ -n "$(plain "$named")" ] &&
  [ "$named" != "$KEY" ]; then
  stop "the account now uses another customer-managed key: $named"
fi

## [assign_identity]
type=$(account identity.type)
@give_identity@

## [give_identity]
case $type in
  *SystemAssigned*) say '   It already has one.' ;;
  '' | None)
    az cognitiveservices account identity assign --subscription="$SUBSCRIPTION" \
      --resource-group="$GROUP" --name="$ACCOUNT" --output=none
    ;;
  *) stop "the account now has another identity ($type): create the plan again" ;;
esac

## [restore_identity]
type=$(account identity.type)
case $type in
  '' | None)
    decided CONFIRM_IDENTITY 'the account has no identity. Somebody may have removed it on' \
      'purpose to revoke access, so ask the owner of the key first.'
    # A new identity has no access yet, so this decision includes the grant.
    export CONFIRM_GRANT=yes
    ;;
esac
@give_identity@

## [check_vault]
@find_old_vault@ ||
  stop "there is no vault $VAULT in subscription $VAULT_SUBSCRIPTION, or you may not see it. To use another one: cmk-check plan $(printf %q "/subscriptions/$SUBSCRIPTION/resourceGroups/$GROUP/providers/Microsoft.CognitiveServices/accounts/$ACCOUNT") --vault OTHER >fix.sh; bash fix.sh"
@compare_vault@

## [check_own_vault]
## A compliant account names its vault, which cannot be changed.
@find_old_vault@ ||
  stop "there is no vault $VAULT in subscription $VAULT_SUBSCRIPTION, or you may not see it"
@compare_vault@

## [find_old_vault]
set --
if [ -n "$VAULT_GROUP" ]; then set -- "--resource-group=$VAULT_GROUP"; fi
VAULT_ID=$(az keyvault show --subscription="$VAULT_SUBSCRIPTION" "$@" --name="$VAULT" --query=id \
  --output=tsv)

## [compare_vault]
location=$(account location)
vault_location=$(vault location)
if [ "$(plain "$location")" != "$(plain "$vault_location")" ]; then
  stop "the vault is in $vault_location and the account in $location: choose a vault in $location"
fi
vault_tenant=$(vault properties.tenantId)
if [ "$(plain "$vault_tenant")" != "$(plain "$tenant")" ]; then
  stop "the vault belongs to tenant $vault_tenant and the account to $tenant"
fi
refuses=$(vault "properties.networkAcls.defaultAction == 'Deny' &&
  properties.networkAcls.bypass != 'AzureServices'")
if [ "$refuses" = true ]; then
  stop "the vault's firewall blocks Azure services: let trusted Microsoft services through"
fi
protected=$(vault properties.enablePurgeProtection)
if [ "$protected" != true ]; then
  stop 'the vault has no purge protection, which is permanent and applies to everything in it:' \
    'ask its owner, then run: az keyvault update --enable-purge-protection=true' \
    "--subscription=$VAULT_SUBSCRIPTION --name=$VAULT"
fi
VAULT_URI=$(vault properties.vaultUri)
if [ "$(plain "$source")" = microsoft.keyvault ] && [ -n "$(plain "$named")" ] &&
  [ "$(plain "${held_in%/}")" != "$(plain "${VAULT_URI%/}")" ]; then
  stop "the account now uses a key in another vault: $named in $held_in"
fi

## [create_vault]
@find_vault@
@create_if_missing@
@check_vault@

## [create_shared_vault]
@find_vault@
if [ -z "$found" ]; then
  # An earlier plan may have created it in the resource group of another account.
  found=$(az keyvault list --subscription="$VAULT_SUBSCRIPTION" --resource-type=vault \
    --query="[?name=='$VAULT'].resourceGroup" --output=tsv)
  if [ -n "$found" ]; then VAULT_GROUP=$found; fi
fi
@create_if_missing@
@check_vault@

## [find_vault]
found=$(az keyvault list --subscription="$VAULT_SUBSCRIPTION" --resource-group="$VAULT_GROUP" \
  --resource-type=vault --query="[?name=='$VAULT'].resourceGroup" --output=tsv)

## [create_if_missing]
if [ -z "$found" ]; then
  if [ -z "$LOCATION" ]; then LOCATION=$(account location); fi
  az keyvault create --subscription="$VAULT_SUBSCRIPTION" --resource-group="$VAULT_GROUP" \
    --name="$VAULT" --location="$LOCATION" --enable-rbac-authorization=true \
    --enable-purge-protection=true --retention-days="$RETENTION_DAYS" --output=none
fi

## [create_key]
## Through Resource Manager, which needs no right on the keys, passes the vault's firewall, and
## returns an existing key of this name unchanged.
## https://learn.microsoft.com/rest/api/keyvault/keyvault/keys/create-if-not-exist
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
}' --query=@usable@)
if [ "$usable" != true ]; then unusable "the existing key $KEY cannot be used"; fi

## [usable]
## For a key or a version; $now has the seconds since 1970.
"contains(['RSA', 'RSA-HSM'], properties.kty) &&
  (properties.keySize == \`null\` || properties.keySize >= \`2048\`) &&
  (properties.keyOps == \`null\` ||
    contains(properties.keyOps, 'wrapKey') && contains(properties.keyOps, 'unwrapKey')) &&
  properties.attributes.enabled != \`false\` &&
  (properties.attributes.nbf == \`null\` || properties.attributes.nbf <= \`$now\`) &&
  (properties.attributes.exp == \`null\` || properties.attributes.exp > \`$now\`)"

## [grant]
@system_principal@
@find_grant@
@give_grant@

## [grant_user]
@user_principal@
@find_grant@
@give_grant@

## [grant_again]
@system_principal@
@find_grant@
@decide_grant@
@give_grant@

## [grant_again_user]
@user_principal@
@find_grant@
@decide_grant@
@give_grant@

## [system_principal]
PRINCIPAL_ID=$(account identity.principalId)

## [user_principal]
ids=$(account 'identity.userAssignedIdentities.*.clientId')
if [ -n "$CLIENT_ID" ]; then
  ids=$(printf '%s\n' "$ids" | grep -ix -e "$CLIENT_ID" || true)
fi
if [ "$(printf '%s\n' "$ids" | wc -l)" -ne 1 ]; then
  say 'The account has these identities, by client id:' "$ids"
  stop 'set CLIENT_ID in this script to the identity that may use the key'
fi
CLIENT_ID=$ids
PRINCIPAL_ID=$(account "identity.userAssignedIdentities.* | [?clientId=='$CLIENT_ID'].principalId")

## [find_grant]
if [ -z "$PRINCIPAL_ID" ]; then
  stop "the identity of this plan is not assigned to the account: create the plan again"
fi
by_roles=$(vault properties.enableRbacAuthorization)
if [ "$by_roles" = true ]; then
  held=$(az role assignment list --subscription="$VAULT_SUBSCRIPTION" --scope="$KEY_ID" \
    --assignee-object-id="$PRINCIPAL_ID" --include-inherited --fill-principal-name=false \
    --fill-role-definition-name=false --output=tsv \
    --query="[?ends_with(roleDefinitionId, '$ROLE')].id")
else
  # A policy with an application id grants the identity nothing.
  held=$(vault "properties.accessPolicies[?objectId=='$PRINCIPAL_ID' && !applicationId]
    .permissions.keys[]")
  for permission in get wrapKey unwrapKey; do
    listed "$held" "$permission" || held=
  done
fi

## [decide_grant]
if [ -z "$held" ]; then
  decided CONFIRM_GRANT 'the identity cannot use the key. Somebody may have revoked the access' \
    'on purpose, so ask the owner of the key first.'
fi

## [give_grant]
if [ -n "$held" ]; then
  say '   It already has access.'
elif [ "$by_roles" = true ]; then
  az role assignment create --subscription="$VAULT_SUBSCRIPTION" --scope="$KEY_ID" \
    --assignee-object-id="$PRINCIPAL_ID" --assignee-principal-type=ServicePrincipal \
    --role="$ROLE" --output=none
else
  # "add" keeps all other policies and the other permissions of this identity.
  az rest --method=put --url="$VAULT_ID/accessPolicies/add?api-version=$KEY_VAULT_API" \
    --output=none --body='{"properties": {"accessPolicies": [{"tenantId": "'"$tenant"'",
      "objectId": "'"$PRINCIPAL_ID"'",
      "permissions": {"keys": ["get", "wrapKey", "unwrapKey"]}}]}}'
fi

## [wait]
if [ "$TRIES" = 1 ]; then
  say '   Azure does not report this; the next step is tried once.'
else
  say "   Azure does not report this; the next step is tried $TRIES times, $PAUSE seconds apart."
fi

## [switch_on]
## Azure merges the new settings: an earlier client id would stay in use unless it is set to null.
properties='"identityClientId": null, '
@set_encryption@

## [switch_on_user]
properties="\"identityClientId\": \"$CLIENT_ID\", "
@set_encryption@

## [set_encryption]
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
  if said=$(az cognitiveservices account update --subscription="$SUBSCRIPTION" \
    --resource-group="$GROUP" --name="$ACCOUNT" --encryption="$wanted" --output=none 2>&1); then
    break
  fi
  say "$said"
  case $said in *AuthorizationFailed*) stop 'you may not change the account' ;; esac
  if [ "$tries" -ge "$TRIES" ]; then
    not_yet 'Azure does not accept the key; its message is above'
  fi
  say "   Not accepted in try $tries of $TRIES; trying again in $PAUSE seconds."
  tries=$((tries + 1))
  sleep "$PAUSE"
done

## [verify]
if ! is_done; then
  stop "the account is $state, and set to (source|key|version|vault): $set_to"
fi
say "Done: the account uses the key $KEY in $VAULT_URI"

## [find_key]
## The version is read from the account, so that a later run uses the version of that time.
@check_tenant@
IFS='|' read -r source named VERSION held_in <<<"$set_to"
if [ "$(plain "$source")" != microsoft.keyvault ] ||
  [ "$(plain "$named")" != "$(plain "$KEY")" ]; then
  stop "the account now uses another key: $named"
fi
case $(plain "$held_in") in
  *[!a-z0-9.:/-]*) stop "the account's vault has an invalid address: $held_in" ;;
  "https://$(plain "$VAULT")."*) ;;
  *) stop "the account's key is now in another vault: $held_in" ;;
esac
VERSION=${VERSION//-/}
case $VERSION in
  *[!0-9A-Fa-f]*) stop "the account names an invalid version: $VERSION" ;;
esac
VAULT_ID="/subscriptions/$VAULT_SUBSCRIPTION/resourceGroups/$VAULT_GROUP"
VAULT_ID="$VAULT_ID/providers/Microsoft.KeyVault/$TYPE/$VAULT"
KEY_ID="$VAULT_ID/keys/$KEY"

## [replace_key]
@check_tenant@
IFS='|' read -r source named _ held_in <<<"$set_to"
if [ "$named" != "$REPLACED" ] && [ "$named" != "$KEY" ]; then
  stop "the account now uses another key: $named"
fi

## [replace_blocked_key]
@replace_key@
if [ "$named" = "$REPLACED" ]; then
  decided CONFIRM_REPLACE_KEY 'there is also another reason why the account cannot use its key.' \
    'Somebody may have revoked the access on purpose, so ask the owner of the key first.'
fi

## [recover_vault]
vaults=$(az keyvault list --subscription="$VAULT_SUBSCRIPTION" --resource-group="$VAULT_GROUP" \
  --resource-type=vault --query='[].id' --output=tsv) ||
  stop "the vault's resource group cannot be read: if it is gone, create $VAULT_GROUP again"
if ! listed "$vaults" "$VAULT_ID"; then
  deleted=$(az keyvault list-deleted --subscription="$VAULT_SUBSCRIPTION" --resource-type=vault \
    --query='[].properties.vaultId' --output=tsv)
  listed "$deleted" "$VAULT_ID" ||
    stop "the vault $VAULT is not among the deleted vaults of its subscription. If it was moved," \
      'create the plan again after the next scan. If it was purged, the vault and the data that' \
      'its keys protect are lost.'
  decided CONFIRM_RECOVER_VAULT 'the vault is deleted. Somebody may have deleted it on purpose' \
    'to revoke access, so ask the owner of the key first.'
  az keyvault recover --subscription="$VAULT_SUBSCRIPTION" --name="$VAULT" --output=none
  # Azure deleted the grants with the vault, so this decision includes the grant.
  export CONFIRM_GRANT=yes
fi

## [recover_key]
keys=$(az keyvault key list --subscription="$VAULT_SUBSCRIPTION" "--$HOLDER=$VAULT" \
  --query='[].name' --output=tsv)
if ! listed "$keys" "$KEY"; then
  deleted=$(az keyvault key list-deleted --subscription="$VAULT_SUBSCRIPTION" \
    "--$HOLDER=$VAULT" --query='[].name' --output=tsv)
  listed "$deleted" "$KEY" ||
    stop "the key $KEY is not among the deleted keys of the vault: it was purged. Only a backup" \
      'can restore it (az keyvault key restore); without one, the data that it protects is lost.'
  decided CONFIRM_RECOVER_KEY 'the key is deleted. Somebody may have deleted it on purpose to' \
    'revoke access, so ask the owner of the key first.'
  az keyvault key recover --subscription="$VAULT_SUBSCRIPTION" "--$HOLDER=$VAULT" --name="$KEY" \
    --output=none
fi
tries=1
until keys=$(az keyvault key list-versions --subscription="$VAULT_SUBSCRIPTION" \
  "--$HOLDER=$VAULT" --name="$KEY" --query='[].kid' --output=tsv) && [ -n "$keys" ]; do
  if [ "$tries" -ge "$TRIES" ]; then not_yet 'the vault does not list the key yet'; fi
  say "   Not listed in try $tries of $TRIES; trying again in $PAUSE seconds."
  tries=$((tries + 1))
  sleep "$PAUSE"
done
if [ -n "$VERSION" ] && ! printf '%s\n' "$keys" | grep -i -e "/$VERSION\$" >/dev/null; then
  stop "the key exists, but not its version $VERSION, which the account names. A single version" \
    'cannot be recovered: only a backup of the whole key has it. Ask the owner of the key.'
fi

## [enable_key]
enabled=$(key properties.attributes.enabled)
if [ "$enabled" = false ]; then
  decided CONFIRM_ENABLE_KEY 'the key is disabled. Somebody may have disabled it on purpose to' \
    'revoke access, so ask the owner of the key first.'
  az keyvault key set-attributes --subscription="$VAULT_SUBSCRIPTION" "--$HOLDER=$VAULT" \
    --name="$KEY" ${VERSION:+"--version=$VERSION"} --enabled=true --output=none
fi

## [start_key]
now=$(date +%s)
later=$(key "properties.attributes.nbf > \`$now\`")
if [ "$later" = true ]; then
  decided CONFIRM_START_KEY 'the key is not valid yet. Somebody chose the later activation date,' \
    'so ask the owner of the key first.'
  az keyvault key set-attributes --subscription="$VAULT_SUBSCRIPTION" "--$HOLDER=$VAULT" \
    --name="$KEY" ${VERSION:+"--version=$VERSION"} --not-before="$(date -u +%Y-%m-%dT00:00:00Z)" \
    --output=none
fi

## [permit_wrapping]
permitted=$(key "join(' ', properties.keyOps || \`[]\`)")
missing=
for operation in wrapKey unwrapKey; do
  case " $permitted " in
    *" $operation "*) ;;
    *) missing="$missing $operation" ;;
  esac
done
if [ -n "$missing" ]; then
  decided CONFIRM_OPERATIONS 'the key is not permitted to wrap and unwrap. Somebody may have' \
    'removed these operations on purpose to revoke access, so ask the owner of the key first.'
  read -r -a operations <<<"$permitted$missing"
  az keyvault key set-attributes --subscription="$VAULT_SUBSCRIPTION" "--$HOLDER=$VAULT" \
    --name="$KEY" ${VERSION:+"--version=$VERSION"} --output=none --ops "${operations[@]}"
fi

## [open_firewall]
passes=$(vault properties.networkAcls.bypass)
if [ "$(plain "$passes")" = none ]; then
  decided CONFIRM_FIREWALL "the vault's firewall blocks Azure services. Somebody closed the" \
    'firewall, so ask the owner of the vault first.'
  az keyvault update --subscription="$VAULT_SUBSCRIPTION" --resource-group="$VAULT_GROUP" \
    --name="$VAULT" --bypass=AzureServices --output=none
fi

## [soft_delete]
kept=$(vault properties.enableSoftDelete)
if [ "$kept" != true ]; then
  decided CONFIRM_SOFT_DELETE 'soft delete can never be turned off and applies to everything in' \
    'the vault, so ask the owner of the vault first.'
  az keyvault update --subscription="$VAULT_SUBSCRIPTION" --resource-group="$VAULT_GROUP" \
    --name="$VAULT" --set=properties.enableSoftDelete=true --output=none
fi

## [protect_from_purge]
protected=$(vault properties.enablePurgeProtection)
if [ "$protected" != true ]; then
  decided CONFIRM_PURGE_PROTECTION 'purge protection can never be turned off and applies to' \
    'everything in the vault, so ask the owner of the vault first.'
  az keyvault update --subscription="$VAULT_SUBSCRIPTION" --resource-group="$VAULT_GROUP" \
    --name="$VAULT" --enable-purge-protection=true --output=none
fi

## [renew_key]
now=$(date +%s)
soon=$((now + NOTICE_DAYS * 86400))
# A version created today is not replaced again, even if it expires sooner than that.
ends=$(fact "$KEY_ID" "properties.attributes.exp != \`null\` &&
  properties.attributes.exp <= \`$soon\` &&
  !(properties.attributes.created > \`$((now - 86400))\`)")
if [ "$ends" = true ]; then
@new_version@
fi

## [rotate_key]
late=$(fact "$KEY_ID" "properties.attributes.created < \`@due@\`")
if [ "$late" = true ]; then
@new_version@
fi

## [new_version]
  enabled=$(fact "$KEY_ID" properties.attributes.enabled)
  if [ "$enabled" = false ]; then
    stop 'the newest version of the key is disabled. Somebody may have disabled it on purpose' \
      'to revoke access. Ask the owner of the key, who can enable it or create a new version.'
  fi
  az keyvault key rotate --subscription="$VAULT_SUBSCRIPTION" "--$HOLDER=$VAULT" --name="$KEY" \
    --output=none

## [follow_key]
if [ -n "$VERSION" ]; then
  now=$(date +%s)
  ready=$(fact "$KEY_ID" @usable@)
  if [ "$ready" != true ]; then unusable 'the newest version of the key cannot be used'; fi
fi
KEY=$named
VAULT_URI=$held_in
properties=''
@set_encryption@
if ! is_done; then stop "the account is still set to (source|key|version|vault): $set_to"; fi
VERSION=''

## [repeat_update]
state=$(account properties.provisioningState)
if is_failed "$state"; then
  same=$(az cognitiveservices account show --subscription="$SUBSCRIPTION" \
    --resource-group="$GROUP" --name="$ACCOUNT" --query=properties.encryption --output=json)
  az cognitiveservices account update --subscription="$SUBSCRIPTION" --resource-group="$GROUP" \
    --name="$ACCOUNT" --encryption="$same" --output=none
  state=$(account properties.provisioningState)
fi
if is_failed "$state"; then
  stop "the account is still $state: its activity log shows why the update fails"
fi

## [verify_key]
now=$(date +%s)
usable=$(key @usable@)
if [ "$usable" != true ]; then unusable "the key $KEY cannot be used"; fi
say "Done: the key $KEY in $VAULT can be used. The next scan checks everything else."
