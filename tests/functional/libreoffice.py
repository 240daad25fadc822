"""Tables as another program reads them."""

import csv
import io
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from tests.browsers import end_without

# To CSV in UTF-8, with every cell as it is shown (LibreOffice's help, "Filter Options for CSV").
_TO_CSV: Final = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,true,true,false"


def read_again(file: Path) -> list[dict[str, str]]:
    """Open a file in LibreOffice, and save it as CSV."""
    office = shutil.which("soffice")
    if office is None:
        end_without("NO WORKBOOK WAS OPENED: install libreoffice-calc-nogui")
    folder = file.parent / "saved"
    subprocess.run(
        [
            office,
            f"-env:UserInstallation=file://{file.parent}/profile",
            *("--headless", "--convert-to", _TO_CSV, "--outdir", folder, file),
        ],
        env={"HOME": str(file.parent), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        capture_output=True,
        check=True,
        timeout=120,
    )
    text = (folder / f"{file.stem}.csv").read_text(encoding="utf-8-sig", newline="")
    csv.field_size_limit(100_000)
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
