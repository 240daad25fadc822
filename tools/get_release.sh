#!/bin/sh
# Downloads the package of a release to dist/, and checks it before it lies there: the release workflow
# attested these bytes for this tag, and CI passed for their commit on main. The second word names the
# package: cmk_check.zip, or cmk_check_with_dependencies.zip for an app that cannot build.
# It needs a current gh with a sign-in. GH_REPO names another repository than that of this checkout.
set -eu
cd "$(dirname "$0")/.."

stop() {
    echo "$*" >&2
    exit 1
}

tag=${1:-}
case $tag in
    v*[!0-9.]* | v*.*.*.*) tag= ;;
    v[0-9]*.[0-9]*.[0-9]*) ;;
    *) tag= ;;
esac
[ -n "$tag" ] || stop "Name a release, such as tools/get_release.sh v0.1.0"
package=${2:-cmk_check.zip}
case $package in
    cmk_check.zip | cmk_check_with_dependencies.zip) ;;
    *) stop "Name cmk_check.zip or cmk_check_with_dependencies.zip, not $package" ;;
esac
rm -f "dist/$package"
command -v gh >/dev/null || stop "Missing: gh, the command of GitHub (https://cli.github.com)"

GH_REPO=${GH_REPO:-$(gh repo view --json nameWithOwner --jq .nameWithOwner)}
export GH_REPO
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
gh release download "$tag" --pattern "$package" --dir "$folder"

# What the workflow can forge is left out: the commit is in the certificate, which GitHub wrote.
commit=$(gh attestation verify "$folder/$package" --repo "$GH_REPO" \
    --signer-workflow "$GH_REPO/.github/workflows/release.yml" --source-ref "refs/tags/$tag" \
    --deny-self-hosted-runners --format json \
    --jq '.[0].verificationResult.signature.certificate.sourceRepositoryDigest') ||
    stop "The package of $tag is not attested by the release workflow of $GH_REPO. Do not deploy it."
tools/ci_passed.sh "$commit"

mkdir -p dist
mv "$folder/$package" dist/
echo "dist/$package: the package of $tag, attested for commit $commit"
