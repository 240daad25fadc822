"""What ``evidence`` is asked to export."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from yarl import URL


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What to export, from where, as whom and into which folder.

    Exactly one of ``key`` and ``application`` (its client id) is not None. ``since`` is None for
    all changes that the app keeps. ``as_of`` is an earlier time to rebuild, if any; ``after`` the
    bundle that this one continues. ``vault_key`` and ``key_file`` name the key that signs, or are
    both None.
    """

    url: "URL"
    out: Path
    key: str | None
    application: str | None
    since: datetime | None = None
    as_of: datetime | None = None
    after: Path | None = None
    vault_key: str | None = None
    key_file: Path | None = None
    quiet: bool = False
    color: bool = True
