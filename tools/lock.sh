#!/bin/sh
# Writes the locks from pyproject.toml: locks/dev.txt has everything, requirements.txt the deployed
# part, at the same versions, and locks/command.txt what the command line needs; only it needs rich,
# securesystemslib and typer. The other locks are for tools that are run and never imported; they pin
# their dependencies so tightly that each tool has an environment of its own. uv is installed into a
# temporary folder, so that the project needs only Python and npm.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$(tools/find_python.sh)" -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check "$UV"

compile() {
    "$folder/bin/uv" pip compile --quiet --universal --python-version 3.13 \
        --generate-hashes --no-emit-index-url --only-binary :all: --emit-build-options --custom-compile-command 'make lock' "$@"
}
"$folder/bin/python" tools/newest_pins.py locks/dev.txt requirements.txt locks/command.txt
compile pyproject.toml ${UPGRADE:+--upgrade} --group dev \
    --output-file locks/dev.txt
compile pyproject.toml --no-annotate --constraint locks/dev.txt --output-file locks/command.txt
printf 'rich\nsecuresystemslib\ntyper\n' >"$folder/not_deployed.txt"
compile pyproject.toml --no-annotate --constraint locks/dev.txt --excludes "$folder/not_deployed.txt" \
    --output-file "$folder/requirements.txt"
for tool in az checkov client sbom; do
    compile ${UPGRADE:+--upgrade} --group "$tool" --output-file "locks/$tool.txt"
done
mv "$folder/requirements.txt" requirements.txt
command=${UPGRADE:+update}
for place in . tools/openapi tools/sarif; do
    (cd "$place" && npm "${command:-install}" --package-lock-only --omit-lockfile-registry-resolved)
done
