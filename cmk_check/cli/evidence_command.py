"""``evidence``: exports evidence for an auditor from the app's HTTP API to a folder."""

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cmk_check.cli.app_access import Entra, Url, choose_caller, parse_app_url
from cmk_check.cli.exit_codes import command
from cmk_check.cli.options import option, refuse
from cmk_check.cli.output_options import Debug, NoColor
from cmk_check.cli.whole_output import check_folder
from cmk_check.config.misspelt_settings import API_KEY


def _time(text: str) -> datetime:
    """Parse a time as UTC; a date means midnight in UTC, and a time needs an offset."""
    with suppress(ValueError, OverflowError):
        time = datetime.fromisoformat(text)
        if time.tzinfo is not None or len(text) <= len("2026-11-01"):
            return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    raise typer.BadParameter(
        "must be a date like 2026-11-01, or a time with its offset like 2026-11-01T00:00:00Z"
    )


@command("no evidence was written")
async def evidence(  # noqa: PLR0913 - an argument for each option
    url: Url,
    out: Annotated[Path, option("evidence.out")],
    *,
    since: Annotated[datetime | None, option("evidence.since", parser=_time)] = None,
    as_of: Annotated[datetime | None, option("evidence.as_of", parser=_time)] = None,
    after: Annotated[Path | None, option("evidence.after")] = None,
    sign_with: Annotated[str | None, option("evidence.sign_with")] = None,
    sign_with_file: Annotated[Path | None, option("evidence.sign_with_file")] = None,
    key_file: Annotated[str | None, option("app.key_file", {"function": "api"})] = None,
    key: Annotated[str | None, option("evidence.key", envvar=API_KEY)] = None,
    entra: Entra = None,
    quiet: Annotated[bool, option("evidence.quiet")] = False,
    no_color: NoColor = False,
    _debug: Debug = False,
) -> int:
    """Export evidence for an audit into a folder: CSV, JSON and a report.

    Reads the HTTP API of a deployed app and changes nothing. The folder appears complete or not at
    all. The same state gives the same files, except that MANIFEST.json records the time and the
    identity of the export.

    Exit codes: 0 if the folder was written, whatever the posture is; 2 if an option is invalid or
    the folder cannot be written; 3 if the app returned no usable response, or its estate kept
    changing; 130 after Ctrl-C and 143 after SIGTERM.
    """
    is_two = sign_with is not None and sign_with_file is not None
    refuse(("--sign-with", "only one key can sign: omit --sign-with-file", is_two))
    app = parse_app_url(url)
    folder = check_folder(out)
    refuse(("--as-of", "must be a time in the past", as_of and as_of > datetime.now(UTC)))
    caller = choose_caller("api", key_file, entra, key=key, variable=f"set {API_KEY}, or ")
    from cmk_check.cli.evidence_export import export

    then = as_of and as_of.replace(microsecond=0)  # whole seconds, as in changes
    signing, color = (sign_with, sign_with_file), not no_color
    return await export(app, folder, *caller, since, then, after, signing, quiet=quiet, color=color)
