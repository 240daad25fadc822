"""``doctor``: checks a set-up and prints one line per check, with the way to fix a problem."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Final

import typer

from cmk_check.cli.exit_codes import UNKNOWN, command, complain
from cmk_check.cli.options import option
from cmk_check.cli.output_options import Debug, NoColor
from cmk_check.errors import NotUsable

if TYPE_CHECKING:
    from rich.console import Console

_STYLES: Final[Mapping[str, str]] = {"ok": "green", "warning": "yellow", "problem": "bold red"}
_MARK_WIDTH: Final = 8
_CHECK_WIDTH: Final = 14
_HOW: Final = (
    "save the output of `az functionapp config appsettings list` there, or use - for a pipe"
)
_INDENT: Final = " " * (_MARK_WIDTH + 1)


@command("the set-up was not checked")
async def doctor(
    settings: Annotated[str | None, option("doctor.settings")] = None,
    report: Annotated[typer.FileTextWrite | None, option("doctor.report", lazy=False)] = None,
    *,
    no_color: NoColor = False,
    _debug: Debug = False,
) -> int:
    """Check everything that a scan and its alerts need, and say how to fix each problem.

    Reads the same environment as the app and skips the checks of settings that are not set. Changes
    nothing, except that it may create empty tables and queues that the app needs anyway.

    Exit codes: 0 if there is no problem (there may be warnings), 3 if there is a problem, 2 if the
    file cannot be used or the output cannot be written, 130 after Ctrl-C.
    """
    from cmk_check.cli.console import open_console
    from cmk_check.config.settings import environment
    from cmk_check.doctor.examined_app import laid_over

    environ = environment()
    try:
        if settings is not None:
            environ = laid_over(environ, _read_text(settings))
    except (OSError, ValueError) as error:
        why = str(error)
        if isinstance(error, OSError):
            why = f"{settings} cannot be read ({error.strerror}); {_HOW}"
        elif isinstance(error, UnicodeDecodeError):
            why = "must be UTF-8 text; save it as UTF-8"
        raise typer.BadParameter(why, param_hint="--settings") from None
    code = await _diagnose(environ, open_console(sys.stdout, color=not no_color), report)
    if settings is None:
        again = "next: cmk-check scan"
        complain("fix the problems, then check again: cmk-check doctor" if code else again)
    return code


def _read_text(file: str) -> str:
    data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    return data.decode("utf-8-sig")


async def _diagnose(environ: Mapping[str, str], console: "Console", report: IO[str] | None) -> int:
    """Print each line as soon as its check ends, then write the report; return the exit code."""
    import asyncio
    import json
    from contextlib import aclosing

    from cmk_check.cli.console import say
    from cmk_check.core.reasons.command_line import address_person
    from cmk_check.core.text import escape_invisible
    from cmk_check.doctor.all_checks import CHECKS, diagnose
    from cmk_check.doctor.examined_app import DoctorSubject
    from cmk_check.doctor.results import Mark
    from cmk_check.limits import DOCTOR_REPORT_SAMPLED

    code = 0
    subject = DoctorSubject.of(environ)
    try:
        subject.most = subject.most if report is None else DOCTOR_REPORT_SAMPLED
        async with aclosing(diagnose(CHECKS, subject, subject.unusable)) as lines:
            async for check, mark, text in lines:
                printed = escape_invisible(address_person(text))
                line = f"{mark:{_MARK_WIDTH}} {check:{_CHECK_WIDTH}} {printed}"
                style = _STYLES.get(mark, "dim")
                say(console, line, indent=_INDENT, styled=_MARK_WIDTH, style=style)
                if mark is Mark.PROBLEM:
                    code = UNKNOWN
        if report is not None:
            from cmk_check.doctor import assumptions

            document, summary = await assumptions.report(subject)
            try:
                print(json.dumps(document, indent=2), file=report, flush=True)
            except OSError as error:
                raise NotUsable(f"The report cannot be written ({error.strerror}).") from error
            complain(summary)
    except asyncio.CancelledError:
        complain("interrupted; the remaining checks were not run.")
        raise
    finally:
        await subject.close()
    return code
