#!/bin/sh
# Commits the locks that are in a folder to BRANCH, whose last commit is HEAD_SHA, and starts CI: a commit
# with a workflow's own token starts nothing by itself. It takes only files that are locks here. It needs
# gh with a sign-in and jq; GH_REPO names the repository. Dependabot may replace the commit.
set -eu

folder=${1:?which folder}
message="locks: make them together [dependabot skip]"
# shellcheck disable=SC2016 # jq and GraphQL know these names
query='mutation ($input: CreateCommitOnBranchInput!) {
  createCommitOnBranch(input: $input) { commit { oid } }
}'

for lock in requirements.txt locks/*.txt package-lock.json tools/*/package-lock.json; do
    [ ! -f "$folder/$lock" ] || jq --null-input --arg path "$lock" --rawfile text "$folder/$lock" \
        '{path: $path, contents: ($text | @base64)}'
done | jq --slurp --arg query "$query" --arg branch "$BRANCH" --arg head "$HEAD_SHA" \
    --arg message "$message" '{query: $query, variables: {input: {
        branch: {repositoryNameWithOwner: env.GH_REPO, branchName: $branch},
        expectedHeadOid: $head,
        message: {headline: $message},
        fileChanges: {additions: .}
    }}}' | gh api graphql --input -
gh workflow run ci.yml --ref "$BRANCH"
