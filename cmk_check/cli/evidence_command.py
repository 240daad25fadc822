"""``evidence``: exports evidence for an auditor from the app's HTTP API to a folder."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cmk_check.cli.app_access import Entra, app_address, caller_of, key_file_option
from cmk_check.cli.debug import Debug
from cmk_check.cli.exit_codes import ended, run
from cmk_check.cli.new_folder import new_folder
from cmk_check.config.misspelt_settings import API_KEY

Since = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="The start of the period: a date, or a time with its offset, like "
        "2026-11-01T00:00:00Z. By default, all changes and scans that the app keeps.",
    ),
]
AsOf = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="Also rebuild the estate as recorded at an earlier time, in as-of.json.",
    ),
]
SignWith = Annotated[
    str | None,
    typer.Option(
        metavar="KEY_ID",
        help="Sign with a key in Key Vault, through azure-identity: "
        "https://<vault>.vault.azure.net/keys/<key>.",
    ),
]
Key = Annotated[
    str | None,
    typer.Option(
        metavar="KEY",
        envvar=API_KEY,
        help="Not recommended: other users of this machine can see a key in the arguments. "
        "Use --key-file or the environment.",
    ),
]


def evidence(  # noqa: PLR0913 - an argument for each option
    url: Annotated[str, typer.Option(metavar="URL", help="The https address of the app.")],
    out: Annotated[
        Path,
        typer.Option(metavar="FOLDER", help="The folder to write; it must be empty or not exist."),
    ],
    *,
    since: Since = None,
    as_of: AsOf = None,
    after: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="The bundle that this one continues."),
    ] = None,
    sign_with: SignWith = None,
    sign_with_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Sign with a private key: PEM without a password."),
    ] = None,
    key_file: Annotated[str | None, key_file_option("api")] = None,
    key: Key = None,
    entra: Entra = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Show no progress and no notes.")
    ] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="Do not use colours.")] = False,
    _debug: Debug = False,
) -> None:
    """Export evidence for an audit into a folder: CSV, JSON and a report.

    Reads the HTTP API of a deployed app and changes nothing. The folder appears complete or not at
    all. The same state gives the same files, except that MANIFEST.json records the time and the
    identity of the export.

    Exit codes: 0 if the folder was written, whatever the posture is; 2 if an option is invalid or
    the folder cannot be written; 3 if the app returned no usable response, or its estate kept
    changing; 130 after Ctrl-C and 143 after SIGTERM.
    """
    if sign_with is not None and sign_with_file is not None:
        raise typer.BadParameter(
            "only one key can sign: omit --sign-with-file", param_hint="--sign-with"
        )
    app = app_address(url)
    folder = new_folder(out)
    begin, then = _time(since, "--since"), _time(as_of, "--as-of")
    if then is not None and then > datetime.now(UTC):
        raise typer.BadParameter("must be a time in the past", param_hint="--as-of")
    caller = caller_of("api", key_file, entra, key=key, variable=f"set {API_KEY}, or ")

    def work() -> int:
        from cmk_check.cli.evidence_export import export

        return run(
            export(
                app,
                folder,
                *caller,
                since=begin,
                as_of=then and then.replace(microsecond=0),  # whole seconds, as in changes
                after=after,
                vault_key=sign_with,
                key_file=sign_with_file,
                quiet=quiet,
                color=not no_color,
            )
        )

    raise typer.Exit(ended(work, "no evidence was written"))


def _time(text: str | None, option: str) -> datetime | None:
    """Return a time in UTC; a date means midnight in UTC, and a time needs an offset."""
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
        if time.tzinfo is not None or len(text) <= len("2026-11-01"):
            return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise typer.BadParameter(
        "must be a date like 2026-11-01, or a time with its offset like 2026-11-01T00:00:00Z",
        param_hint=option,
    )
