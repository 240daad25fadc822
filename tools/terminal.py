"""Record the picture of a scan at a terminal that the documents show: docs/scan.svg.

Run by ``make terminal``. It is a real scan of the sample estate by the real command; nothing in it
depends on when or where it was made.
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
        print(f"No picture was drawn: the scan ended with {code}.\n{written}", file=sys.stderr)
        return 1
    PICTURE.write_text(drawn(left_on_screen(written)), encoding="utf-8")
    print(f"{PICTURE.name}: {PICTURE.stat().st_size:,} bytes")
    return 0


def drawn(screen: str) -> str:
    """Draw what stands on a terminal, below the command that was typed."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(file=nowhere, record=True, width=COLUMNS, highlight=False)
        console.print(Text.assemble(("$ ", "dim"), ("cmk-check scan", "bold")))
        console.print(Text.from_ansi(screen))
        # A fixed id makes equal pictures equal files.
        picture = console.export_svg(title="cmk-check", unique_id="scan")
    # A font from elsewhere would be a request to there.
    return re.sub(r"(?s)@font-face \{.*?\}\s*", "", picture)


if __name__ == "__main__":
    sys.exit(main())
