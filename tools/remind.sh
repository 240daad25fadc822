#!/bin/sh
# Opens an issue with everything that tools/reminders.py lists, or updates the open one. It needs gh with a
# sign-in; GH_REPO names another repository than that of this checkout.
set -eu

title="Reminders: what needs attention with time"
due=$(python3 "$(dirname "$0")/reminders.py")
if [ -z "$due" ]; then
    echo "Nothing is due."
    exit 0
fi
number=$(gh issue list --state open --limit 500 --json number,title \
    --jq "[.[] | select(.title == \"$title\") | .number][0] // empty")
if [ -n "$number" ]; then
    gh issue edit "$number" --body "$due"
else
    gh issue create --title "$title" --body "$due"
fi
