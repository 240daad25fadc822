"""The steps that end what is wrong with a key: in words, and as the bash that does them.

What is so is read from Azure Resource Manager, which asks for no right on the key; what changes or
recovers a key goes to the vault itself, because Azure Resource Manager cannot do that.

Facts about Azure: Key Vault's pages on soft delete, on recovery ("role assignments are not
restored") and on keys; docs/remediation.md names them.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from cmk_check.core.remediation import steps
from cmk_check.core.remediation.steps import Action, PlanStep


def _decided(warning: str, variable: str) -> str:
    return f"{warning} The script does this only if it is run with {variable}=yes."


_ON_PURPOSE: Final = "Somebody may have {} on purpose, to revoke access: ask the owner of the key."
_FOR_EVER: Final = (
    "It can never be turned off, and is for everything in the vault: ask the owner of the vault."
)

# The version comes from the account, so that a script that is run again goes by what is so then.
FIND_KEY: Final = PlanStep(
    Action.FIND_KEY,
    "Sign in to the account's subscription, and find its key",
    "What was found may have changed since: the account has to use the same key still.",
    commands=steps.CHECK_TENANT
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
""",
)
REPLACE_KEY: Final = PlanStep(
    Action.REPLACE_KEY,
    "Sign in to the account's subscription, and find its key",
    "The key is of a type or size that the service does not take, and neither can be changed: the "
    "account gets another key of the same vault.",
    commands=f"""\
{steps.CHECK_TENANT}\
IFS='|' read -r source named _ held_in <<<"$set_to"
if [ "$named" != "$REPLACED" ] && [ "$named" != "$KEY" ]; then
  stop "the account uses another key by now: $named"
fi
""",
)
REPLACE_BLOCKED_KEY: Final = replace(
    REPLACE_KEY,
    action=Action.REPLACE_BLOCKED_KEY,
    warning=_decided(
        "The account cannot use its key for another reason too. "
        + _ON_PURPOSE.format("brought this about"),
        "CONFIRM_REPLACE_KEY",
    ),
    commands=REPLACE_KEY.commands
    + """\
if [ "$named" = "$REPLACED" ]; then
  decided CONFIRM_REPLACE_KEY 'the account cannot use its key for another reason too. Somebody' \\
    'may have brought this about on purpose, to revoke access: ask the owner of the key.'
fi
""",
)
RECOVER_VAULT: Final = PlanStep(
    Action.RECOVER_VAULT,
    "Recover the vault, if it is soft-deleted",
    "A deleted vault can be recovered with everything in it until its retention period is over. "
    "After that, nothing brings it back, nor what its keys protect.",
    _decided(_ON_PURPOSE.format("deleted it"), "CONFIRM_RECOVER_VAULT"),
    commands="""\
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
""",
)
RECOVER_KEY: Final = PlanStep(
    Action.RECOVER_KEY,
    "Recover the key, if it is soft-deleted",
    "A deleted key can be recovered with all its versions until the vault's retention period is "
    "over. After that, only a backup brings it back. A version alone cannot be recovered.",
    _decided(_ON_PURPOSE.format("deleted it"), "CONFIRM_RECOVER_KEY"),
    commands="""\
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
""",
)
ENABLE_KEY: Final = PlanStep(
    Action.ENABLE_KEY,
    "Enable the version of the key that the account uses",
    "With a disabled key the account's data cannot be read.",
    _decided(_ON_PURPOSE.format("disabled it"), "CONFIRM_ENABLE_KEY"),
    commands="""\
enabled=$(key properties.attributes.enabled)
if [ "$enabled" = false ]; then
  decided CONFIRM_ENABLE_KEY 'the key is disabled. Somebody may have disabled it on purpose, to' \\
    'revoke access: ask the owner of the key.'
  az keyvault key set-attributes --subscription="$VAULT_SUBSCRIPTION" "--$HOLDER=$VAULT" \\
    --name="$KEY" ${VERSION:+"--version=$VERSION"} --enabled=true --output=none
fi
""",
)
START_KEY: Final = PlanStep(
    Action.START_KEY,
    "Let the key be valid from today",
    "Before its activation date a key cannot protect new data.",
    _decided("Somebody has chosen the later date: ask the owner of the key.", "CONFIRM_START_KEY"),
    commands="""\
now=$(date +%s)
later=$(key "properties.attributes.nbf > \\`$now\\`")
if [ "$later" = true ]; then
  decided CONFIRM_START_KEY 'the key is valid only from a later date, which somebody has chosen:' \\
    'ask the owner of the key.'
  az keyvault key set-attributes --subscription="$VAULT_SUBSCRIPTION" "--$HOLDER=$VAULT" \\
    --name="$KEY" ${VERSION:+"--version=$VERSION"} --not-before="$(date -u +%Y-%m-%dT00:00:00Z)" \\
    --output=none
fi
""",
)
PERMIT_WRAPPING: Final = PlanStep(
    Action.PERMIT_WRAPPING,
    "Permit the key to wrap and unwrap",
    "The service needs both. What else the key may do stays as it is.",
    _decided(_ON_PURPOSE.format("taken them away"), "CONFIRM_OPERATIONS"),
    commands="""\
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
""",
)
RESTORE_IDENTITY: Final = replace(
    steps.ASSIGN_IDENTITY,
    action=Action.RESTORE_IDENTITY,
    warning=_decided(_ON_PURPOSE.format("taken it away"), "CONFIRM_IDENTITY"),
    commands=steps.FIND_IDENTITY
    + """\
case $type in
  '' | None)
    decided CONFIRM_IDENTITY 'the account has no identity. Somebody may have taken it away on' \\
      'purpose, to revoke access: ask the owner of the key.'
    # What is new has no access yet, so that this decides on it as well.
    export CONFIRM_GRANT=yes
    ;;
esac
"""
    + steps.IDENTITY,
)
_NEW_VERSION: Final = """\
  enabled=$(fact "$KEY_ID" properties.attributes.enabled)
  if [ "$enabled" = false ]; then
    stop 'the newest version of the key is disabled. Somebody may have disabled it on purpose,' \\
      'to revoke access: ask the owner of the key, who can enable it or make a new version.'
  fi
  az keyvault key rotate --subscription="$VAULT_SUBSCRIPTION" "--$HOLDER=$VAULT" --name="$KEY" \\
    --output=none
fi
"""
RENEW_KEY: Final = PlanStep(
    Action.RENEW_KEY,
    "Make a new version of the key, if the newest one ends within 30 days",
    "A new version protects new data, and the older ones still read what they protect. A later "
    "date for the old version would keep a key in use for longer than its owner has planned.",
    "A version cannot be deleted alone. Keep the older ones enabled: data that they protect cannot "
    "be read without them. The vault's rotation policy says when the new one ends. If the newest "
    "version is disabled, the script stops: only the owner of the key may bring it back.",
    commands="""\
now=$(date +%s)
soon=$((now + NOTICE_DAYS * 86400))
# A version of today may live for less than that, and is not replaced again.
ends=$(fact "$KEY_ID" "properties.attributes.exp != \\`null\\` &&
  properties.attributes.exp <= \\`$soon\\` &&
  !(properties.attributes.created > \\`$((now - 86400))\\`)")
if [ "$ends" = true ]; then
"""
    + _NEW_VERSION,
)
OPEN_FIREWALL: Final = PlanStep(
    Action.OPEN_FIREWALL,
    "Let trusted Azure services pass the vault's firewall",
    "Without this exception the account may not reach its key. Other rules stay as they are.",
    _decided("Somebody has closed the firewall: ask the owner of the vault.", "CONFIRM_FIREWALL"),
    commands="""\
passes=$(vault properties.networkAcls.bypass)
if [ "$(plain "$passes")" = none ]; then
  decided CONFIRM_FIREWALL "the vault's firewall keeps Azure services out, which somebody has" \\
    'chosen: ask the owner of the vault.'
  az keyvault update --subscription="$VAULT_SUBSCRIPTION" --resource-group="$VAULT_GROUP" \\
    --name="$VAULT" --bypass=AzureServices --output=none
fi
""",
)
SOFT_DELETE: Final = PlanStep(
    Action.SOFT_DELETE,
    "Turn on soft delete of the vault",
    "Without it, a deleted key or vault is lost at once, and the account's data with it.",
    _decided(_FOR_EVER, "CONFIRM_SOFT_DELETE"),
    commands="""\
kept=$(vault properties.enableSoftDelete)
if [ "$kept" != true ]; then
  decided CONFIRM_SOFT_DELETE 'soft delete cannot be turned off again, and is for everything in' \\
    'the vault: ask the owner of the vault.'
  az keyvault update --subscription="$VAULT_SUBSCRIPTION" --resource-group="$VAULT_GROUP" \\
    --name="$VAULT" --set=properties.enableSoftDelete=true --output=none
fi
""",
)
PROTECT_FROM_PURGE: Final = PlanStep(
    Action.PROTECT_FROM_PURGE,
    "Turn on purge protection of the vault",
    "Without it, a deleted key or vault can be purged at once, and the account's data is lost.",
    _decided(_FOR_EVER, "CONFIRM_PURGE_PROTECTION"),
    commands="""\
protected=$(vault properties.enablePurgeProtection)
if [ "$protected" != true ]; then
  decided CONFIRM_PURGE_PROTECTION 'purge protection cannot be turned off again, and is for' \\
    'everything in the vault: ask the owner of the vault.'
  az keyvault update --subscription="$VAULT_SUBSCRIPTION" --resource-group="$VAULT_GROUP" \\
    --name="$VAULT" --enable-purge-protection=true --output=none
fi
""",
)
FOLLOW_KEY: Final = PlanStep(
    Action.FOLLOW_KEY,
    "Let the account follow the newest version of its key",
    "The account names one version, and stays with it when that one ends or is replaced. Without "
    "a version it follows the key's rotation by itself.",
    "Keep the older version enabled until the account uses the new one.",
    commands=f"""\
if [ -n "$VERSION" ]; then
  now=$(date +%s)
  ready=$(fact "$KEY_ID" "{steps.USABLE}")
  if [ "$ready" != true ]; then unusable 'the newest version of the key cannot be used'; fi
fi
KEY=$named
VAULT_URI=$held_in
properties=''
"""
    + steps.SWITCH_ON
    + """\
if ! is_done; then stop "the account is still set to (source|key|version|vault): $set_to"; fi
VERSION=''
""",
)
REPEAT_UPDATE: Final = PlanStep(
    Action.REPEAT_UPDATE,
    "Repeat the update of the account, if the last one failed",
    "Azure does not say whether the account uses the key that it names. It gets the same "
    "encryption settings again.",
    commands="""\
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
""",
)
VERIFY_KEY: Final = PlanStep(
    Action.VERIFY_KEY,
    "Verify that the key can be used",
    "Only what Azure answers counts. The next scan judges the key again.",
    commands=f"""\
now=$(date +%s)
usable=$(key "{steps.USABLE}")
if [ "$usable" != true ]; then unusable "the key $KEY cannot be used"; fi
say "Done: the key $KEY in $VAULT can be used. The next scan looks at everything else again."
""",
)


def renew_key(due: datetime | None) -> PlanStep:
    """Return the step that rotates a key, if its policy should have done so, as of when it should.

    If None, the step that rotates it if it ends soon.
    """
    if due is None:
        return RENEW_KEY
    return replace(
        RENEW_KEY,
        action=Action.ROTATE_KEY,
        title="Rotate the key, if there is no version since its rotation was due",
        commands=f"""\
late=$(fact "$KEY_ID" "properties.attributes.created < \\`{due.timestamp():.0f}\\`")
if [ "$late" = true ]; then
{_NEW_VERSION}""",
    )


def grant_again(*, user: bool, follows: bool = False) -> PlanStep:
    """Return the step that lets the identity of the account use the key again.

    ``follows`` where a step before it brings back the vault or the identity, which is decided then.
    """
    warning = _decided(_ON_PURPOSE.format("taken the access away"), "CONFIRM_GRANT")
    after = " Right after it has brought back the vault or the identity itself, it does not ask."
    return replace(
        steps.grant(user=user),
        action=Action.GRANT_AGAIN,
        why=steps.GRANT_WHY,
        warning=f"{warning}{after}" if follows else warning,
        commands=steps.find_grant(user=user)
        + """\
if [ -z "$held" ]; then
  decided CONFIRM_GRANT 'the identity may not use the key. Somebody may have taken the access' \\
    'away on purpose: ask the owner of the key.'
fi
"""
        + steps.GRANT,
    )
