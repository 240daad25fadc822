#!/bin/sh
# Prints the Python that `make install` uses. It tries each candidate, because a version manager's shim
# may have no Python behind it, and Debian packages Python without venv. PYTHON, if set, is the only
# candidate.

usable='import sys, ensurepip, venv; sys.exit(sys.version_info[:2] < (3, 13))'
for python in ${PYTHON:-python3.13 /usr/bin/python3.13 python3 python}; do
    if "$python" -c "$usable" >/dev/null 2>&1; then
        command -v "$python"
        exit 0
    fi
done
cat >&2 <<'END'
Missing: Python 3.13 with its venv module (another name or place: make install PYTHON=/path/to/python3.13).
Debian/Ubuntu, WSL: sudo apt-get install python3.13-venv   macOS: brew install python@3.13   Windows: in WSL, as for Ubuntu
END
exit 1
