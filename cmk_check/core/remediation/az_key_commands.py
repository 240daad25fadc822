r"""The bash of a script that ends what is wrong with a key, a block per step, as in az_commands.

What is so is read from Azure Resource Manager, which asks for no right on the key; what changes or
recovers a key goes to the vault itself, because Azure Resource Manager cannot do that.
"""

from typing import Final

from cmk_check.core.remediation.az_commands import CHECK_TENANT, LITERAL_NAMES, SWITCH_ON, USABLE

HEAD: Final = """\
#!/usr/bin/env bash
# Ends what is wrong with the key of an account. Needs the az command, signed in; asks nothing.
# Every step looks first, so after a failure just run it again. Where a person has to decide, it
# stops, and names the variable that says yes. In a sovereign cloud, choose the cloud before:
# az cloud set --name AzureUSGovernment (or AzureChinaCloud), then az login.
# Before you run it:
"""

OPTIONS: Final = f"""\
{LITERAL_NAMES}set -euo pipefail

# As they were found. TENANT may be empty.
"""

# The version comes from the account, so that a script that is run again goes by what is so then.
FIND_KEY: Final = (
    CHECK_TENANT
    + """\
IFS='|' read -r source named VERSION held_in <<<"$set_to"
if [ "$(plain "$source")" != microsoft.keyvault ] ||
  [ "$(plain "$named")" != "$(plain "$KEY")" ]; then
  stop "the account uses another key by now: $named"
fi
case $(plain "$held_in") in
  *[!a-z0-9.:/-]*) stop "the account's vault has an address that is none: $held_in" ;;
  "https://$(plain "$VAULT")."*) ;;
  *) stop "the account's key is in another vault by now: $held_in" ;;
esac
VERSION=${VERSION//-/}
case $VERSION in
  *[!0-9A-Fa-f]*) stop "the account names a version that is none: $VERSION" ;;
esac
VAULT_ID="/subscriptions/$VAULT_SUBSCRIPTION/resourceGroups/$VAULT_GROUP"
VAULT_ID="$VAULT_ID/providers/Microsoft.KeyVault/$TYPE/$VAULT"
KEY_ID="$VAULT_ID/keys/$KEY"
"""
)

REPLACE_KEY: Final = f"""\
{CHECK_TENANT}\
IFS='|' read -r source named _ held_in <<<"$set_to"
if [ "$named" != "$REPLACED" ] && [ "$named" != "$KEY" ]; then
  stop "the account uses another key by now: $named"
fi
"""

DECIDE_REPLACEMENT: Final = """\
if [ "$named" = "$REPLACED" ]; then
  decided CONFIRM_REPLACE_KEY 'the account cannot use its key for another reason too. Somebody' \\
    'may have brought this about on purpose, to revoke access: ask the owner of the key.'
fi
"""

RECOVER_VAULT: Final = """\
vaults=$(az keyvault list --subscription="$VAULT_SUBSCRIPTION" --resource-group="$VAULT_GROUP" \\
  --resource-type=vault --query='[].id' --output=tsv) ||
  stop "a vault is recovered into its own resource group: if it is gone, create $VAULT_GROUP again"
if ! listed "$vaults" "$VAULT_ID"; then
  deleted=$(az keyvault list-deleted --subscription="$VAULT_SUBSCRIPTION" --resource-type=vault \\
    --query='[].properties.vaultId' --output=tsv)
  listed "$deleted" "$VAULT_ID" ||
    stop "the vault $VAULT is not among the deleted vaults of its subscription. If it was moved," \\
      'create the plan again after the next scan. If it was purged, nothing brings it back, nor' \\
      'what its keys protect.'
  decided CONFIRM_RECOVER_VAULT 'the vault is deleted. Somebody may have deleted it on purpose,' \\
    'to revoke access: ask the owner of the key.'
  az keyvault recover --subscription="$VAULT_SUBSCRIPTION" --name="$VAULT" --output=none
  # Azure has taken the access away together with the vault, so that this decides on it as well.
  export CONFIRM_GRANT=yes
fi
"""

RECOVER_KEY: Final = """\
keys=$(az keyvault key list --subscription="$VAULT_SUBSCRIPTION" "--$HOLDER=$VAULT" \\
  --query='[].name' --output=tsv)
if ! listed "$keys" "$KEY"; then
  deleted=$(az keyvault key list-deleted --subscription="$VAULT_SUBSCRIPTION" \\
    "--$HOLDER=$VAULT" --query='[].name' --output=tsv)
  listed "$deleted" "$KEY" ||
    stop "the key $KEY is not among the deleted keys of the vault: it was purged. Only a backup" \\
      'brings it back (az keyvault key restore); without one, what it protects is lost.'
  decided CONFIRM_RECOVER_KEY 'the key is deleted. Somebody may have deleted it on purpose, to' \\
    'revoke access: ask the owner of the key.'
  az keyvault key recover --subscription="$VAULT_SUBSCRIPTION" "--$HOLDER=$VAULT" --name="$KEY" \\
    --output=none
fi
tries=1
until keys=$(az keyvault key list-versions --subscription="$VAULT_SUBSCRIPTION" \\
  "--$HOLDER=$VAULT" --name="$KEY" --query='[].kid' --output=tsv) && [ -n "$keys" ]; do
  if [ "$tries" -ge "$TRIES" ]; then not_yet 'the key cannot be seen in its vault'; fi
  say "   The vault does not show it in try $tries of $TRIES; looking again in $PAUSE seconds."
  tries=$((tries + 1))
  sleep "$PAUSE"
done
if [ -n "$VERSION" ] && ! printf '%s\\n' "$keys" | grep -i -e "/$VERSION\\$" >/dev/null; then
  stop "the key is there, but not the version $VERSION, which the account names. A version alone" \\
    'cannot be recovered: only a backup of the whole key has it. Ask the owner of the key.'
fi
"""

ENABLE_KEY: Final = """\
enabled=$(key properties.attributes.enabled)
if [ "$enabled" = false ]; then
  decided CONFIRM_ENABLE_KEY 'the key is disabled. Somebody may have disabled it on purpose, to' \\
    'revoke access: ask the owner of the key.'
  az keyvault key set-attributes --subscription="$VAULT_SUBSCRIPTION" "--$HOLDER=$VAULT" \\
    --name="$KEY" ${VERSION:+"--version=$VERSION"} --enabled=true --output=none
fi
"""

START_KEY: Final = """\
now=$(date +%s)
later=$(key "properties.attributes.nbf > \\`$now\\`")
if [ "$later" = true ]; then
  decided CONFIRM_START_KEY 'the key is valid only from a later date, which somebody has chosen:' \\
    'ask the owner of the key.'
  az keyvault key set-attributes --subscription="$VAULT_SUBSCRIPTION" "--$HOLDER=$VAULT" \\
    --name="$KEY" ${VERSION:+"--version=$VERSION"} --not-before="$(date -u +%Y-%m-%dT00:00:00Z)" \\
    --output=none
fi
"""

PERMIT_WRAPPING: Final = """\
permitted=$(key "join(' ', properties.keyOps || \\`[]\\`)")
missing=
for operation in wrapKey unwrapKey; do
  case " $permitted " in
    *" $operation "*) ;;
    *) missing="$missing $operation" ;;
  esac
done
if [ -n "$missing" ]; then
  decided CONFIRM_OPERATIONS 'the key may not wrap and unwrap. Somebody may have taken this away' \\
    'on purpose, to revoke access: ask the owner of the key.'
  read -r -a operations <<<"$permitted$missing"
  az keyvault key set-attributes --subscription="$VAULT_SUBSCRIPTION" "--$HOLDER=$VAULT" \\
    --name="$KEY" ${VERSION:+"--version=$VERSION"} --output=none --ops "${operations[@]}"
fi
"""

DECIDE_IDENTITY: Final = """\
case $type in
  '' | None)
    decided CONFIRM_IDENTITY 'the account has no identity. Somebody may have taken it away on' \\
      'purpose, to revoke access: ask the owner of the key.'
    # What is new has no access yet, so that this decides on it as well.
    export CONFIRM_GRANT=yes
    ;;
esac
"""

RENEW_KEY: Final = """\
soon=$(($(date +%s) + NOTICE_DAYS * 86400))
ends=$(fact "$KEY_ID" "properties.attributes.exp != \\`null\\` &&
  properties.attributes.exp <= \\`$soon\\`")
if [ "$ends" = true ]; then
  enabled=$(fact "$KEY_ID" properties.attributes.enabled)
  if [ "$enabled" = false ]; then
    stop 'the newest version of the key is disabled. Somebody may have disabled it on purpose,' \\
      'to revoke access: ask the owner of the key, who can enable it or make a new version.'
  fi
  az keyvault key rotate --subscription="$VAULT_SUBSCRIPTION" "--$HOLDER=$VAULT" --name="$KEY" \\
    --output=none
fi
"""

OPEN_FIREWALL: Final = """\
passes=$(vault properties.networkAcls.bypass)
if [ "$(plain "$passes")" = none ]; then
  decided CONFIRM_FIREWALL "the vault's firewall keeps Azure services out, which somebody has" \\
    'chosen: ask the owner of the vault.'
  az keyvault update --subscription="$VAULT_SUBSCRIPTION" --resource-group="$VAULT_GROUP" \\
    --name="$VAULT" --bypass=AzureServices --output=none
fi
"""

SOFT_DELETE: Final = """\
kept=$(vault properties.enableSoftDelete)
if [ "$kept" != true ]; then
  decided CONFIRM_SOFT_DELETE 'soft delete cannot be turned off again, and is for everything in' \\
    'the vault: ask the owner of the vault.'
  az keyvault update --subscription="$VAULT_SUBSCRIPTION" --resource-group="$VAULT_GROUP" \\
    --name="$VAULT" --set=properties.enableSoftDelete=true --output=none
fi
"""

PROTECT_FROM_PURGE: Final = """\
protected=$(vault properties.enablePurgeProtection)
if [ "$protected" != true ]; then
  decided CONFIRM_PURGE_PROTECTION 'purge protection cannot be turned off again, and is for' \\
    'everything in the vault: ask the owner of the vault.'
  az keyvault update --subscription="$VAULT_SUBSCRIPTION" --resource-group="$VAULT_GROUP" \\
    --name="$VAULT" --enable-purge-protection=true --output=none
fi
"""

FOLLOW_KEY: Final = (
    f"""\
if [ -n "$VERSION" ]; then
  now=$(date +%s)
  ready=$(fact "$KEY_ID" "{USABLE}")
  if [ "$ready" != true ]; then unusable 'the newest version of the key cannot be used'; fi
fi
KEY=$named
VAULT_URI=$held_in
properties=''
"""
    + SWITCH_ON
    + """\
if ! is_done; then stop "the account is still set to (source|key|version|vault): $set_to"; fi
VERSION=''
"""
)

REPEAT_UPDATE: Final = """\
state=$(account properties.provisioningState)
if is_failed "$state"; then
  same=$(az cognitiveservices account show --subscription="$SUBSCRIPTION" \\
    --resource-group="$GROUP" --name="$ACCOUNT" --query=properties.encryption --output=json)
  az cognitiveservices account update --subscription="$SUBSCRIPTION" --resource-group="$GROUP" \\
    --name="$ACCOUNT" --encryption="$same" --output=none
  state=$(account properties.provisioningState)
fi
if is_failed "$state"; then
  stop "the account is still $state: its activity log says why the update fails"
fi
"""

VERIFY_KEY: Final = f"""\
now=$(date +%s)
usable=$(key "{USABLE}")
if [ "$usable" != true ]; then unusable "the key $KEY cannot be used"; fi
say "Done: the key $KEY in $VAULT can be used. The next scan looks at everything else again."
"""
