"""What others parse or read, as accepted once, in files: each member, in its order.

If a document changes and is meant to, ``ACCEPT=1 pytest FILE`` writes it again: read what differs.
"""

import json
import os
from pathlib import Path


def check_accepted(file: Path, document: object) -> None:
    """Compare a document with the one in a file; what is no text is laid out as JSON."""
    text = document if isinstance(document, str) else f"{json.dumps(document, indent=1)}\n"
    if os.environ.get("ACCEPT"):
        file.write_text(text)
    assert text.splitlines() == file.read_text().splitlines(), file.name
