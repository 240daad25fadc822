"""``doctor``: what is wrong with a set-up, one line each, and what to do about it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cmk_check.cli.exit_codes import INTERRUPTED, UNKNOWN, USAGE, complain
from cmk_check.cli.stdout import NotUsable, write

if TYPE_CHECKING:
    from rich.console import Console

    from cmk_check.doctor.results import CheckResult

_STYLES: Final[Mapping[str, str]] = {"ok": "green", "warning": "yellow", "problem": "bold red"}
_MARK_WIDTH: Final = 8
_CHECK_WIDTH: Final = 14


def doctor(
    settings: Annotated[
        typer.FileText | None,
        typer.Option(
            metavar="FILE",
            encoding="utf-8-sig",
            help="The settings of a deployed app, as `az functionapp config appsettings list` "
            "prints them, in place of those in the environment; - is the standard input.",
        ),
    ] = None,
    *,
    no_color: Annotated[
        bool, typer.Option("--no-color", help="No colours, whatever the terminal can show.")
    ] = False,
) -> None:
    """Try everything that a scan and its alerts need, and say what to do where it fails.

    Reads the same environment as the app; what is not set there is skipped. Nothing is changed: of
    what it tries only empty tables and queues may stay, which the app would make itself.

    Exits with 0 if nothing is wrong (there may be warnings), with 3 if there is a problem, with 2
    if the file cannot be used or the output cannot be written, with 130 after Ctrl-C.
    """
    import asyncio
    import logging

    from cmk_check.cli.console import results
    from cmk_check.config.settings import environment
    from cmk_check.doctor.app_settings import NotSettings, laid_over

    # What the libraries say of a failure, the line of the check says too.
    logging.getLogger().addHandler(logging.NullHandler())
    try:
        environ = environment()
        if settings is not None:
            environ = laid_over(environ, settings.read())
        code = asyncio.run(_diagnose(environ, results(color=not no_color)))
    except (NotSettings, UnicodeDecodeError) as error:
        why = error if isinstance(error, NotSettings) else "is no text in UTF-8; save it as that"
        raise typer.BadParameter(str(why), param_hint="--settings") from None
    except NotUsable as error:
        complain(str(error))
        raise typer.Exit(USAGE) from None
    except KeyboardInterrupt:
        complain("interrupted: what stands above is what is known.")
        raise typer.Exit(INTERRUPTED) from None
    raise typer.Exit(code)


async def _diagnose(environ: Mapping[str, str], console: "Console") -> int:
    """Print each line when it is known; return the exit code."""
    from contextlib import aclosing

    from cmk_check.doctor.checks import diagnose
    from cmk_check.doctor.results import Mark

    code = 0
    async with aclosing(diagnose(environ)) as lines:
        async for line in lines:
            _print(line, console)
            if line.mark is Mark.PROBLEM:
                code = UNKNOWN
    return code


def _print(line: "CheckResult", console: "Console") -> None:
    from rich.text import Text

    from cmk_check.cli.console import shown

    mark = Text(line.mark.ljust(_MARK_WIDTH), style=_STYLES.get(line.mark, "dim"))
    text = Text.assemble(mark, f" {line.check.ljust(_CHECK_WIDTH)} {shown(line.text)}")
    with console.capture() as capture:
        console.print(text, soft_wrap=True)
    write(capture.get(), end="")
