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
ask() { # method, url, key
  printf 'header = "x-functions-key: %s"\n' "$3" |
    curl --config - --silent --show-error --max-time 60 --request "$1" --include "$2" 2>&1 || true
}

status_of() { printf '%s\n' "$1" | sed -n 's|^HTTP/[0-9.]* \([0-9]*\).*|\1|p' | tail -n 1; }

field() { # answer, name: a string of the first object that has it
  printf '%s\n' "$1" | sed -n "s/.*\"$2\":\"\([^\"]*\)\".*/\1/p" | head -n 1
}

key() {
  az functionapp function keys list --resource-group "$AZURE_RESOURCE_GROUP" \
    --name "$AZURE_FUNCTION_NAME" --function-name "$1" --query default --output tsv 2>/dev/null || true
}

# A new app finds its functions, and a new role is heeded, only after some minutes.
tries=$TRIES
scan=
while [ -z "$scan" ]; do
  [ "$tries" -gt 0 ] || stop "the app did not start one. Its last answer: ${answer:-none, and no key}"
  tries=$((tries - 1))
  start=$(key scan_now)
  if [ -n "$start" ]; then
    answer=$(ask POST "${CMK_API_URL%/v1}/scan" "$start")
    case $(status_of "$answer") in
      202 | 409) scan=$(printf '%s\n' "$answer" | tr -d '\r' | sed -n 's/^[Ll]ocation: *//p' | head -n 1) ;;
    esac
  fi
  [ -n "$scan" ] || sleep "$PAUSE"
done
say "A scan has begun: ${scan##*/}"

read=$(key api)
tries=$TRIES
state=running
while [ "$state" = running ]; do
  [ "$tries" -gt 0 ] || stop "the scan is not at its end yet: look at $CMK_PAGE_URL later."
  tries=$((tries - 1))
  sleep "$PAUSE"
  now=$(field "$(ask GET "$CMK_API_URL/scans/${scan##*/}" "$read")" state)
  state=${now:-running}
done

answer=$(ask GET "$CMK_API_URL/status" "$read")
say "The scan is $state."
say "posture: $(field "$answer" posture)"
printf '%s\n' "$answer" | grep -o '"code":"[^"]*","message":"[^"]*"' |
  sed 's/"code":"\([^"]*\)","message":"\([^"]*\)"/  \1: \2/'
say "The page: $CMK_PAGE_URL"
say "Its key: az functionapp function keys list --resource-group $AZURE_RESOURCE_GROUP --name $AZURE_FUNCTION_NAME --function-name api --query default --output tsv"
