#!/usr/bin/env sh
# Starts a scan after a deployment, waits for its end, and prints the posture and the page's address.
#
# azd runs it with the outputs of the template. To run it by hand, set AZURE_RESOURCE_GROUP,
# AZURE_FUNCTION_NAME, CMK_API_URL and CMK_PAGE_URL. It needs curl, and az with a sign-in. It exits with
# 0 if the scan has a result, whatever the posture.
set -eu

PAUSE=${PAUSE:-10} # seconds between two tries
TRIES=${TRIES:-60}

say() { printf '%s\n' "$*"; }

stop() {
  printf 'The first scan has no result: %s\nThe next scan starts on schedule.\n' "$*" >&2
  exit 1
}

for name in AZURE_RESOURCE_GROUP AZURE_FUNCTION_NAME CMK_API_URL CMK_PAGE_URL; do
  eval "[ -n \"\${$name:-}\" ]" || stop "set $name."
done
for command in az curl; do
  command -v "$command" >/dev/null || stop "install $command."
done
if [ -n "${CMK_ENTRA_CLIENT_ID:-}" ]; then
  stop "with Entra sign-in no key can start a scan. Sign in at $CMK_PAGE_URL."
fi

# Sends the key to curl through standard input, because everyone on the machine can see command lines.
# Prints the status, the Location header and the body, or the error of curl.
ask() { # key, url, further options of curl
  key=$1
  shift
  printf 'header = "x-functions-key: %s"\n' "$key" |
    curl --config - --silent --show-error --max-time 60 --include --suppress-connect-headers \
      "$@" 2>&1 | tr -d '\r' |
    sed -n -e '1s|^HTTP/[0-9.]* ||p' -e '/^[Ll]ocation: /p' -e '/^$/,$p' -e '/^curl: /p'
}

field() { # answer, name: the first string of this name in its JSON
  printf '%s\n' "$1" | grep -o "\"$2\":\"[^\"]*\"" | head -n 1 | sed 's/^[^:]*:"//; s/"$//'
}

key_of() { # function: prints its key; or the error of az, and fails
  output=$(az functionapp function keys list --resource-group "$AZURE_RESOURCE_GROUP" \
    --name "$AZURE_FUNCTION_NAME" --function-name "$1" --query default --output tsv \
    --only-show-errors 2>&1) && code=0 || code=1
  printf '%s\n' "$output" | sed -n '$p'
  return "$code"
}

# A new app needs some minutes to load its functions, and a new role to become effective. The app starts
# at most one scan a minute.
start_scan() { # sets scan
  tries=$TRIES
  scan=
  while [ -z "$scan" ]; do
    [ "$tries" -gt 0 ] || stop "the app did not start a scan. Its last answer: ${answer:-none}"
    tries=$((tries - 1))
    if start=$(key_of scan_now); then
      # An empty body, because Azure answers 411 to a POST without a length.
      answer=$(ask "$start" --data '' "${CMK_API_URL%/v1}/scan")
      case $answer in
        202* | 409*) scan=$(printf '%s\n' "$answer" | sed -n 's|^[Ll]ocation: .*/||p') ;;
      esac
    else
      answer="none, because az returned no key: $start"
    fi
    [ -n "$scan" ] || sleep "$PAUSE"
  done
  say "Scan: $scan"
}

wait_for_scan() { # sets state and answer
  tries=$TRIES
  state=running
  while [ "$state" = running ]; do
    [ "$tries" -gt 0 ] || stop "the scan did not end in time. Look at $CMK_PAGE_URL later."
    tries=$((tries - 1))
    sleep "$PAUSE"
    [ -n "$read" ] || read=$(key_of api) || read=
    answer=$(ask "$read" "$CMK_API_URL/scans/$scan")
    state=$(field "$answer" state)
    state=${state:-running}
  done
}

# If the deployment itself granted the right to read, a scan that sees no subscription came too early.
scans=1
[ "${CMK_READ_OWN_SUBSCRIPTION:-none}" = none ] || scans=10
read=
while :; do
  scans=$((scans - 1))
  start_scan
  wait_for_scan
  reason=$(field "$answer" reason)
  answer=$(ask "$read" "$CMK_API_URL/status")
  if [ "$state" != failed ] || [ "$scans" -eq 0 ]; then break; fi
  case $answer in
    *'"code":"no_subscription_visible"'*) say "The role of the app is not effective yet." ;;
    *) break ;;
  esac
done

case $state in
  complete | incomplete) ;;
  *) stop "the state of the scan is $state: $reason" ;;
esac

posture=$(field "$answer" posture)
[ -n "$posture" ] || stop "the status cannot be read: $answer"
say "The scan is $state."
say "posture: $posture"
printf '%s\n' "$answer" | grep -o '"code":"[^"]*","message":"[^"]*"' |
  sed 's/"code":"\([^"]*\)","message":"\([^"]*\)"/  \1: \2/'
counts=$(printf '%s\n' "$answer" |
  sed -n 's/.*"subscriptions":{"total":\([0-9]*\),"read":\([0-9]*\).*"managementGroup":\([^,]*\),.*/\2 of \1 \3/p')
case $counts in
  "1 of 1 null") say "1 subscription is read; others are not." ;;
  *) say "Subscriptions read: ${counts% *}" ;;
esac
[ -z "${CMK_ALERT_RECEIVERS:-}" ] || say "Alerts go to $CMK_ALERT_RECEIVERS"
say "Page: $CMK_PAGE_URL"
say "Read key for the page: az functionapp function keys list --resource-group $AZURE_RESOURCE_GROUP --name $AZURE_FUNCTION_NAME --function-name api --query default --output tsv"
