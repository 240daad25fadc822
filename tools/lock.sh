#!/bin/sh
# Writes the locks from pyproject.toml: locks/dev.txt holds everything, requirements.txt the
# part of it that is deployed, at the same versions. The others are of tools that are run and never
# imported, and that pin what they need so tightly that each gets an environment of its own. uv lives
# in a folder of its own for the moment, so that an installation needs nothing but Python and npm.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$(tools/find_python.sh)" -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check "$UV"

compile() {
    "$folder/bin/uv" pip compile --quiet --universal --python-version 3.13 \
        --generate-hashes --no-emit-index-url --custom-compile-command 'make lock' "$@"
}
compile pyproject.toml ${UPGRADE:+--upgrade} --extra cli --group dev \
    --output-file locks/dev.txt
compile pyproject.toml --no-annotate --constraint locks/dev.txt \
    --output-file "$folder/requirements.txt"
for tool in az checkov sbom; do
    compile ${UPGRADE:+--upgrade} --group "$tool" --output-file "locks/$tool.txt"
done
mv "$folder/requirements.txt" requirements.txt
if [ -n "$UPGRADE" ]; then
    npm update --package-lock-only
else
    npm install --package-lock-only
fi
