"""Make the deployment package of the app: the same bytes for the same sources.

``make package`` runs it. Tools that deploy from this folder read .funcignore themselves; a pipeline
and a release use the package. It contains no dependencies: Azure installs requirements.txt.
"""

import argparse
import os
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pathspec import GitIgnoreSpec

ROOT: Final = Path(__file__).resolve().parents[1]
# The earliest time in a zip: the times and modes of files differ between checkouts.
_TIME: Final = (1980, 1, 1, 0, 0, 0)
_MODE: Final = 0o100644 << 16
_UNIX: Final = 3


def main() -> int:
    """Write the package; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("package", type=Path, help="the zip to write")
    package = parser.parse_args().package
    package.parent.mkdir(parents=True, exist_ok=True)
    names = pack(ROOT, package)
    print(f"{package}: {len(names)} files, {package.stat().st_size:,} bytes")
    return 0


def pack(folder: Path, package: Path) -> list[str]:
    """Zip the files of a folder that .funcignore does not exclude; return their names."""
    ignored = GitIgnoreSpec.from_lines((folder / ".funcignore").read_text().splitlines())
    names = sorted(_deployed(folder, ignored))
    with zipfile.ZipFile(package, "w") as archive:
        for name in names:
            entry = zipfile.ZipInfo(name, _TIME)
            entry.create_system = _UNIX
            entry.external_attr = _MODE
            # Not compressed: the output of a compressor depends on its version.
            archive.writestr(entry, (folder / name).read_bytes())
    return names


def _deployed(folder: Path, ignored: GitIgnoreSpec) -> Iterator[str]:
    """Skip ignored folders as a whole: environments contain tens of thousands of files."""
    for place, folders, files in os.walk(folder):
        here = Path(place).relative_to(folder)
        folders[:] = [name for name in folders if not ignored.match_file(f"{here / name}/")]
        names = ((here / name).as_posix() for name in files)
        yield from (name for name in names if not ignored.match_file(name))


if __name__ == "__main__":
    sys.exit(main())
