"""Record the picture of a scan in a terminal for the docs: docs/scan.svg.

``make terminal`` runs it. It shows a real scan of the sample estate by the real command, and does
not depend on the time or the place.
"""

import os
import re
import sys
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from local.simulator import Simulator
from local.terminal import left_on_screen, run_at_terminal

PICTURE: Final = Path(__file__).resolve().parents[1] / "docs" / "scan.svg"
COLUMNS: Final = 120
VIOLATED: Final = 1
_SECONDS: Final = 60.0


def main() -> int:
    """Scan and draw; return the exit code."""
    with Simulator("sample") as simulator:
        code, written = run_at_terminal(
            [sys.executable, "-m", "cmk_check", "scan"],
            environment={"PATH": os.defpath, **simulator.environment()},
            columns=COLUMNS,
            seconds=_SECONDS,
        )
    if code != VIOLATED:
        print(f"The picture was not drawn: the scan ended with {code}.\n{written}", file=sys.stderr)
        return 1
    PICTURE.write_text(drawn(left_on_screen(written)), encoding="utf-8")
    print(f"{PICTURE.name}: {PICTURE.stat().st_size:,} bytes")
    return 0


def drawn(screen: str) -> str:
    """Draw the content of a terminal, below the typed command."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(file=nowhere, record=True, width=COLUMNS, highlight=False)
        console.print(Text.assemble(("$ ", "dim"), ("cmk-check scan", "bold")))
        console.print(Text.from_ansi(screen))
        # With a fixed id, the same picture is the same file.
        picture = console.export_svg(title="cmk-check", unique_id="scan")
    # Without web fonts, which a viewer would request from another server.
    return re.sub(r"(?s)@font-face \{.*?\}\s*", "", picture)


if __name__ == "__main__":
    sys.exit(main())
