#!/bin/sh
# Prints the Bicep compiler, with which tests check the templates: the one that BICEP names; without
# BICEP the one in the PATH, or the one that lies beside this checkout, in shared/tools.

checkout=$(cd "$(dirname "$0")/.." && pwd)
if [ -n "$BICEP" ]; then
    set -- "$BICEP"
else
    set -- bicep "${checkout%/*}/shared/tools/bicep"
fi
for bicep; do
    command -v "$bicep" && exit 0
done
cat >&2 <<'END'
Missing: the Bicep compiler (it checks the templates). Put it into the PATH, or set BICEP to its path.
Any system: az bicep install, then BICEP=~/.azure/bin/bicep   macOS: brew install azure/bicep/bicep
END
exit 1
