#!/usr/bin/env sh
# Starts a scan after a deployment, waits for its end, and prints the posture and where the page is.
#
# azd runs it with what the template puts out. By hand: set AZURE_RESOURCE_GROUP, AZURE_FUNCTION_NAME,
# CMK_API_URL and CMK_PAGE_URL. It needs az, signed in, and curl. Exit code 0: there is an answer.
set -eu

PAUSE=${PAUSE:-10} # seconds between two tries
TRIES=${TRIES:-60}

say() { printf '%s\n' "$*"; }

stop() {
  printf 'No first scan: %s\nThe next one comes with the schedule.\n' "$*" >&2
  exit 1
}

for name in AZURE_RESOURCE_GROUP AZURE_FUNCTION_NAME CMK_API_URL CMK_PAGE_URL; do
  eval "[ -n \"\${$name:-}\" ]" || stop "$name is not set."
done
for command in az curl; do
  command -v "$command" >/dev/null || stop "$command is not installed."
done
if [ -n "${CMK_ENTRA_CLIENT_ID:-}" ]; then
  stop "people and programs sign in. Sign in at $CMK_PAGE_URL."
fi

# Keys go to curl by its standard input: what stands in a command line, everybody on the machine sees.
# What it prints: the status, a line for where the answer leads, and the body, or why there is none.
ask() { # key, url, further options of curl
  key=$1
  shift
  printf 'header = "x-functions-key: %s"\n' "$key" |
    curl --config - --silent --show-error --max-time 60 --include --suppress-connect-headers \
      "$@" 2>&1 | tr -d '\r' |
    sed -n -e '1s|^HTTP/[0-9.]* ||p' -e '/^[Ll]ocation: /p' -e '/^$/,$p' -e '/^curl: /p'
}

field() { # answer, name: a string in its JSON
  printf '%s\n' "$1" | sed -n "s/.*\"$2\":\"\([^\"]*\)\".*/\1/p" | head -n 1
}

key_of() { # function: its key; or what az says, and a failure
  said=$(az functionapp function keys list --resource-group "$AZURE_RESOURCE_GROUP" \
    --name "$AZURE_FUNCTION_NAME" --function-name "$1" --query default --output tsv \
    --only-show-errors 2>&1) && code=0 || code=1
  printf '%s\n' "$said" | sed -n '$p'
  return "$code"
}

# A new app finds its functions, and a new role is heeded, only after some minutes.
tries=$TRIES
scan=
while [ -z "$scan" ]; do
  [ "$tries" -gt 0 ] || stop "the app did not start one. Its last answer: ${answer:-none}"
  tries=$((tries - 1))
  if start=$(key_of scan_now); then
    # The body is empty, and not missing: to a POST without a length Azure answers 411.
    answer=$(ask "$start" --data '' "${CMK_API_URL%/v1}/scan")
    case $answer in
      202* | 409*) scan=$(printf '%s\n' "$answer" | sed -n 's|^[Ll]ocation: .*/||p') ;;
    esac
  else
    answer="none, and no key: $start"
  fi
  [ -n "$scan" ] || sleep "$PAUSE"
done
say "The scan: $scan"

tries=$TRIES
state=running
read=
while [ "$state" = running ]; do
  [ "$tries" -gt 0 ] || stop "no end of it was seen. Look at $CMK_PAGE_URL later."
  tries=$((tries - 1))
  sleep "$PAUSE"
  [ -n "$read" ] || read=$(key_of api) || read=
  answer=$(ask "$read" "$CMK_API_URL/scans/$scan")
  state=$(field "$answer" state)
  state=${state:-running}
done

case $state in
  complete | incomplete) ;;
  *) stop "the scan is $state: $(field "$answer" reason)" ;;
esac

answer=$(ask "$read" "$CMK_API_URL/status")
posture=$(field "$answer" posture)
[ -n "$posture" ] || stop "its outcome cannot be read: $answer"
say "The scan is $state."
say "posture: $posture"
printf '%s\n' "$answer" | grep -o '"code":"[^"]*","message":"[^"]*"' |
  sed 's/"code":"\([^"]*\)","message":"\([^"]*\)"/  \1: \2/'
say "The page: $CMK_PAGE_URL"
say "Its key: az functionapp function keys list --resource-group $AZURE_RESOURCE_GROUP --name $AZURE_FUNCTION_NAME --function-name api --query default --output tsv"
