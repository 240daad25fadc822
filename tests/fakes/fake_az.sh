#!/bin/bash
# An az command that remembers: for scripts that are to be watched, and broken, at every call. It is
# sourced by a function, because a process for each call would cost the most.
# FAKE_AZ is a folder. It writes calls there (count and words, each ended by NUL), and reads and
# writes the state of account, vault and key, a file per fact; those of an older version of the key
# begin with old_. FAIL_AT is the number of a call that
# fails, FAIL_AFTER of one whose answer is lost.
set -u
cd "$FAKE_AZ" || exit 9

printf '%s\0' "$#" "$@" >>calls
echo >>count
mapfile -t number <count
number=${#number[@]}
if [ "$number" -eq "${FAIL_AT:-0}" ]; then
  echo "ERROR: call $number" >&2
  exit 1
fi

# The value of an option that is given as --name=value.
value() {
  local word
  for word in "${words[@]}"; do
    case $word in --"$1"=*) printf '%s' "${word#*=}" ;; esac
  done
}

fact() { [ ! -s "$1" ] || printf '%s\n' "$(<"$1")"; }

refuse() {
  echo "ERROR: $1" >&2
  exit 1
}

account() {
  case $1 in
    location) fact location ;;
    identity.type) fact identity ;;
    identity.principalId) case $(fact identity) in *System*) echo principal-system ;; esac ;;
    *.clientId) fact clients ;;
    *principalId*) [ -z "$(fact clients)" ] || echo principal-user ;;
    properties.provisioningState) fact state ;;
    properties.encryption)
      printf '{"keyName": "%s", "keyVersion": "%s", "keyVaultUri": "%s"}\n' \
        "$(fact name)" "$(fact version)" "$(fact uri)"
      ;;
    join*) echo "$(fact source)|$(fact name)|$(fact version)|$(fact uri)" ;;
    *) refuse "no such query of an account: $1" ;;
  esac
}

vault() {
  [ -e vault ] || refuse 'there is no vault'
  case $1 in
    *.bypass) fact bypass ;;
    *.enableSoftDelete) fact kept ;;
    *accessPolicies*) [ ! -e grant ] || printf '%s\n' get wrapKey unwrapKey ;;
    location) fact vault_location ;;
    properties.tenantId) fact vault_tenant ;;
    *networkAcls*) if [ -e firewall ]; then echo true; else echo false; fi ;;
    properties.enablePurgeProtection) fact protected ;;
    properties.enableRbacAuthorization) fact roles ;;
    properties.vaultUri) echo https://kv-old.vault.azure.net/ ;;
    *) refuse "no such query of a vault: $1" ;;
  esac
}

# Of the newest version, or of the older one where its name stands in the URL.
key() {
  local of=
  [ -e key ] || refuse 'there is no key'
  case $1 in */versions/*) of=old_ ;; esac
  case $2 in
    contains*)
      case $(fact "${of}enabled")$(fact "${of}later")$(fact "${of}ends") in
        *true* | *false*) echo false ;;
        *) case $(fact operations) in '' | *wrapKey*unwrapKey*) fact key ;; *) echo false ;; esac ;;
      esac
      ;;
    *.enabled) fact "${of}enabled" ;;
    *nbf*) fact "${of}later" ;;
    *exp*) fact "${of}ends" ;;
    *created*) fact late ;;
    join*) fact operations ;;
    *) refuse "no such query of a key: $2" ;;
  esac
}

set_key() {
  local of='' all="${words[*]}"
  [ -z "$(value version)" ] || of=old_
  [ -z "$(value enabled)" ] || rm -f "${of}enabled"
  [ -z "$(value not-before)" ] || rm -f "${of}later"
  case $all in *--ops\ *) echo "${all##*--ops }" >operations ;; esac
}

list_vault() {
  # Without vault_group it is in whatever group is asked for.
  local asked group
  asked=$(value resource-group) group=$(fact vault_group)
  [ -e vault ] && [ "${asked:-$group}" = "${group:-$asked}" ] || return 0
  case "$(value query)" in
    *.resourceGroup) echo "${group:-$asked}" ;;
    '[].id') fact vault_id ;;
    *) refuse 'another query of the list' ;;
  esac
}

update_vault() {
  [ -z "$(value enable-purge-protection)" ] || value enable-purge-protection >protected
  [ -z "$(value bypass)" ] || value bypass >bypass
  [ -z "$(value set)" ] || echo true >kept
}

rest() {
  case $(value method)\ $(value url) in
    put\ *\?*\?*) refuse 'two questions' ;;
    get\ */keys/*) key "$(value url)" "$(value query)" ;;
    get\ *) vault "$(value query)" ;;
    put\ /vault/keys/*)
      [ "$(fact protected)" = true ] || refuse 'the vault is not protected'
      [ -e key ] || echo true >key
      fact key
      ;;
    put\ */accessPolicies/add\?*)
      [ "$(fact roles)" = false ] || refuse 'this vault goes by roles'
      value body >grant
      ;;
    *) refuse "nobody answers $(value method) $(value url)" ;;
  esac
}

encrypt() {
  [ -n "$(fact identity)" ] || refuse 'no identity'
  [ -e key ] || refuse 'no key'
  [ -e grant ] || refuse 'no grant'
  if [ -s slowness ]; then
    sed -i '$d' slowness
    refuse 'KeyVaultProperties is invalid'
  fi
  [ ! -e forbidden ] || refuse '(AuthorizationFailed) not you'
  value encryption >encryption
  [ -e fails ] || echo Succeeded >state
  echo Microsoft.KeyVault >source
  sed -n 's/.*"keyName": "\([^"]*\)".*/\1/p' encryption >name
  sed -n 's/.*"keyVersion": "\([^"]*\)".*/\1/p' encryption | tr -d '\n' >version
  sed -n 's/.*"keyVaultUri": "\([^"]*\)".*/\1/p' encryption >uri
}

words=("$@")
case "$*" in
  'account show '*) fact tenant ;;
  'cognitiveservices account show '*) account "$(value query)" ;;
  'cognitiveservices account identity assign '*) echo SystemAssigned >identity ;;
  'cognitiveservices account update '*) encrypt ;;
  'keyvault list '*) list_vault ;;
  'keyvault list-deleted '*) [ ! -e vault_deleted ] || fact vault_id ;;
  'keyvault recover '*)
    mv vault_deleted vault
    rm -f grant
    ;;
  'keyvault key list '*) [ ! -e key ] || echo CMK ;;
  'keyvault key list-deleted '*) [ ! -e key_deleted ] || echo CMK ;;
  'keyvault key list-versions '*) fact versions ;;
  'keyvault key recover '*) mv key_deleted key ;;
  'keyvault key set-attributes '*) set_key ;;
  'keyvault key rotate '*) rm -f ends enabled late later ;;
  'keyvault create '*)
    [ ! -e vault ] || refuse 'it exists'
    value location >vault_location
    value enable-purge-protection >protected
    value enable-rbac-authorization >roles
    cp tenant vault_tenant
    touch vault
    ;;
  'keyvault show '*) if [ -e vault ]; then echo /vault; else refuse 'there is none'; fi ;;
  'keyvault update '*) update_vault ;;
  'rest '*) rest ;;
  'role assignment list '*) fact grant ;;
  'role assignment create '*)
    [ "$(fact roles)" = true ] || refuse 'this vault goes by access policies'
    value assignee-object-id >grant
    ;;
  *) refuse "nobody answers $*" ;;
esac
code=$?

if [ "$number" -eq "${FAIL_AFTER:-0}" ]; then
  echo "ERROR: the answer of call $number is lost" >&2
  exit 1
fi
exit $code
