"""Prepare `make lock` for a change that reached only one of the locks, as Dependabot makes it.

uv keeps the versions of the first lock, which it writes again. If another lock pins a package
of the first at a newer version, the first gets that version, without hashes: uv then looks them up.

    python tools/newest_pins.py FIRST OTHER...
"""

import re
import sys
from pathlib import Path
from typing import Final

_PIN: Final = re.compile(r"(?m)^([a-z0-9][a-z0-9.-]*)==([^\s;\\]+)")


def take_newest_pins(first: Path, others: list[Path]) -> None:
    """Write the newer versions of `others` into `first`."""
    text = first.read_text()
    for other in others:
        for name, version in _PIN.findall(other.read_text()):
            text = _take(text, name, version)
    first.write_text(text)


def _take(text: str, name: str, version: str) -> str:
    pin = rf"(?m)^{re.escape(name)}==([^\s;\\]+)( ;[^\\\n]*[^\\\s])?.*(\n {{4}}.*)*"
    entry = re.search(pin, text)
    if entry is None or _order(entry[1]) >= _order(version):
        return text
    return f"{text[: entry.start()]}{name}=={version}{entry[2] or ''}{text[entry.end() :]}"


def _order(version: str) -> list[int]:
    """Return what orders the releases of one package; a lock has no other versions."""
    return [int(number) for number in re.findall(r"\d+", version)]


if __name__ == "__main__":
    take_newest_pins(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
