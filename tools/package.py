"""Make the deployment package of the app: the same bytes for the same sources.

``make package`` runs it. It needs nothing but Python, so that no code of others can touch what a
release attests. The package contains no dependencies: Azure installs requirements.txt. ``make
package-full`` adds them, as pip unpacked them into a folder, for an app that cannot reach a package
index. Tools that deploy from this folder read .funcignore instead; a test compares the two.
"""

import argparse
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
_DEPLOYED: Final = ("cmk_check", "function_app.py", "host.json", "requirements.txt")
# The earliest time in a zip: the times and modes of files differ between checkouts.
_TIME: Final = (1980, 1, 1, 0, 0, 0)
_MODE: Final = 0o100644 << 16
_UNIX: Final = 3
# Where the Functions host looks for packages: https://learn.microsoft.com/azure/azure-functions/functions-reference-python
_SITE_PACKAGES: Final = PurePosixPath(".python_packages/lib/site-packages")


def main() -> int:
    """Write the package; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("package", type=Path, help="the zip to write")
    parser.add_argument("--dependencies", type=Path, help="a folder of installed packages to add")
    given = parser.parse_args()
    package = given.package
    package.parent.mkdir(parents=True, exist_ok=True)
    names = pack(ROOT, package, given.dependencies)
    print(f"{package}: {len(names)} files, {package.stat().st_size:,} bytes")
    return 0


def pack(folder: Path, package: Path, dependencies: Path | None = None) -> list[str]:
    """Zip what is deployed of a folder, and the dependencies; return the names."""
    files = {path.relative_to(folder).as_posix(): path for path in _deployed(folder)}
    if dependencies:
        files |= {
            (_SITE_PACKAGES / path.relative_to(dependencies)).as_posix(): path
            for path in dependencies.rglob("*")
            # Commands in bin/ begin with the path of the Python that installed them.
            if path.is_file() and path.relative_to(dependencies).parts[0] != "bin"
        }
    with zipfile.ZipFile(package, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _TIME)
            entry.create_system = _UNIX
            entry.external_attr = _MODE
            # Not compressed: the output of a compressor depends on its version.
            archive.writestr(entry, files[name].read_bytes())
    return sorted(files)


def _deployed(folder: Path) -> Iterator[Path]:
    for name in _DEPLOYED:
        path = folder / name
        for file in path.rglob("*") if path.is_dir() else [path]:
            inside = file.relative_to(folder).parts
            made = any(part.startswith(".") or part == "__pycache__" for part in inside)
            if not made and not file.is_dir():
                yield file


if __name__ == "__main__":
    sys.exit(main())
