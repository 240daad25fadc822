#!/bin/sh
# Succeeds if CI passed for a commit on the main branch, and prints the run. It needs gh with a sign-in.
# GH_REPO names another repository than that of this checkout.
set -eu

run=$(gh run list --workflow ci.yml --branch main --event push --commit "${1:?which commit}" \
    --status success --limit 1 --json url --jq '.[].url')
if [ -z "$run" ]; then
    echo "CI has not passed for commit $1 on the branch main. Wait for it, then try again." >&2
    exit 1
fi
echo "CI passed for commit $1: $run"
