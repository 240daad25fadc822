#!/bin/sh
# Checks that Node.js 20 or later and npm are installed: Azurite, the storage emulator, needs them.

if node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' >/dev/null 2>&1 &&
    npm --version >/dev/null 2>&1; then
    exit 0
fi
cat >&2 <<'END'
Missing: Node.js 20 or later with npm (it runs Azurite, the storage emulator).
Debian/Ubuntu, WSL: sudo apt-get install nodejs npm   macOS: brew install node   Windows: in WSL, as for Ubuntu
END
exit 1
