#!/bin/bash
# An az command that remembers many accounts and vaults, for the script of a folder of plans. It is
# sourced by a function, because a process for each call would cost the most. FAKE_AZ is a folder:
# calls are written there as by fake_az.sh, "changes" gets a line for each change, and the folders
# "accounts" and "vaults" hold a folder for each, with a file for each fact. FAIL_AT is the number of
# a call that fails, FAIL_AFTER of one whose answer is lost, END_AT of one at which the whole process
# group gets the signal END_WITH.
set -u
cd "$FAKE_AZ" || exit 9

printf '%s\0' "$#" "$@" >>calls
number=1
if [ -n "${FAIL_AT:-}${FAIL_AFTER:-}${END_AT:-}" ]; then
  echo >>count
  mapfile -t lines <count
  number=${#lines[@]}
fi
if [ "$number" -eq "${FAIL_AT:-0}" ]; then
  echo "ERROR: call $number" >&2
  exit 1
fi
if [ "$number" -eq "${END_AT:-0}" ]; then kill -"$END_WITH" 0; fi

# Options that are given as --name=value, as variables.
query='' name='' url='' scope='' location='' encryption='' method=''
assignee_object_id='' enable_purge_protection='' enable_rbac_authorization=''
for word in "$@"; do
  case $word in
    --*=*)
      option=${word%%=*} option=${option#--}
      printf -v "${option//-/_}" '%s' "${word#*=}"
      ;;
  esac
done

fact() {
  local text
  [ -s "$1" ] || return 0
  read -r -d '' text <"$1"
  printf '%s\n' "$text"
}

refuse() {
  echo "ERROR: $1" >&2
  exit 1
}

changed() { echo changed >>"$FAKE_AZ/changes"; }

of_account() { cd "$FAKE_AZ/accounts/$name" || exit 9; }

of_vault() {
  vault=$1
  [ -d "$FAKE_AZ/vaults/$1" ] || mkdir "$FAKE_AZ/vaults/$1"
  cd "$FAKE_AZ/vaults/$1" || exit 9
}

account() {
  case $1 in
    location) fact location ;;
    identity.type) fact identity ;;
    identity.principalId) [ -z "$(fact identity)" ] || echo "of-$name" ;;
    properties.provisioningState) fact state ;;
    join*) echo "$(fact source)|$(fact name)||$(fact uri)" ;;
    *) refuse "no such query of an account: $1" ;;
  esac
}

vault() {
  case $1 in
    location) fact location ;;
    properties.tenantId) fact ../../tenant ;;
    *networkAcls*) echo false ;;
    properties.enablePurgeProtection) fact protected ;;
    properties.enableRbacAuthorization) fact roles ;;
    properties.vaultUri) echo "https://$vault.vault.azure.net/" ;;
    *) refuse "no such query of a vault: $1" ;;
  esac
}

rest() {
  local path=${url#/vaults/}
  of_vault "${path%%[/?]*}"
  case $method\ $path in
    put\ */keys/*)
      [ "$(fact protected)" = true ] || refuse 'the vault is not protected'
      [ -e key ] || { echo true >key && changed; }
      fact key
      ;;
    get\ */*) refuse "nobody answers $url" ;;
    get\ *) vault "$query" ;;
    *) refuse "nobody answers $method $url" ;;
  esac
}

# The text of a field of the encryption that is set.
field() { if [[ $encryption =~ \"$1\":\ \"([^\"]*)\" ]]; then echo "${BASH_REMATCH[1]}"; fi; }

encrypt() {
  local uri place
  uri=$(field keyVaultUri)
  place=${uri#https://}
  place=$FAKE_AZ/vaults/${place%%.*}
  [ -n "$(fact identity)" ] || refuse 'no identity'
  [ -e "$place/key" ] || refuse 'no key'
  grep -qx "of-$name" "$place/grant" || refuse 'no grant to it'
  if [ -s slowness ]; then
    sed -i '$d' slowness
    refuse 'KeyVaultProperties is invalid'
  fi
  field keyName >name
  echo "$uri" >uri
  echo Microsoft.KeyVault >source
  changed
}

case "$*" in
  'account show '*) fact tenant ;;
  'cognitiveservices account show '*) of_account && account "$query" ;;
  'cognitiveservices account identity assign '*)
    of_account && echo SystemAssigned >identity && changed
    ;;
  'cognitiveservices account update '*) of_account && encrypt ;;
  'keyvault list '*)
    vault=${query#*\'}
    of_vault "${vault%%\'*}"
    if [ -e exists ]; then echo rg-ai; fi
    ;;
  'keyvault create '*)
    of_vault "$name"
    [ ! -e exists ] || refuse 'it exists'
    echo "$location" >location
    echo "$enable_purge_protection" >protected
    echo "$enable_rbac_authorization" >roles
    touch exists && changed
    ;;
  'keyvault show '*)
    of_vault "$name"
    if [ -e exists ]; then echo "/vaults/$name"; else refuse 'there is none'; fi
    ;;
  'rest '*) rest ;;
  'role assignment '*)
    vault=${scope#/vaults/}
    of_vault "${vault%%/*}"
    case $3 in
      list) if [ -e grant ]; then grep -x "$assignee_object_id" grant || true; fi ;;
      create) echo "$assignee_object_id" >>grant && changed ;;
    esac
    ;;
  *) refuse "nobody answers $*" ;;
esac
code=$?

if [ "$number" -eq "${FAIL_AFTER:-0}" ]; then
  echo "ERROR: the answer of call $number is lost" >&2
  exit 1
fi
exit $code
