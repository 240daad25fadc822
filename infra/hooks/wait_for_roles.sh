#!/usr/bin/env sh
# Waits until the newest role of the app is two minutes old. A first deployment uploads the code right
# after the roles were granted, and the upload fails with 403 until the role on the storage is effective
# (https://github.com/Azure/azure-dev/issues/8026). It never waits longer, and never fails a deployment.
#
# azd runs it with the outputs of the template. It needs az with a sign-in.
set -eu

PAUSE=${PAUSE:-10} # seconds between two tries
tries=${TRIES:-13}

minutes_ago() { # the options of GNU and of BSD differ
  date -u -d "-$1 minutes" +%Y-%m-%dT%H:%M:%S 2>/dev/null || date -u -v "-$1M" +%Y-%m-%dT%H:%M:%S
}

while [ "$tries" -gt 0 ]; do
  tries=$((tries - 1))
  new=$(az role assignment list --all --assignee "${CMK_IDENTITY_PRINCIPAL_ID:-}" \
    --query "length([?createdOn > '$(minutes_ago 2)'])" --output tsv --only-show-errors) || exit 0
  [ "$new" != 0 ] || exit 0
  printf 'Waiting until new roles are effective: %s seconds more at most\n' "$((tries * PAUSE))"
  sleep "$PAUSE"
done
