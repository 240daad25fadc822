"""The command line. Each command is a module in this package, registered here.

Commands import heavy packages inside their functions, so that ``--help`` is fast and ``check``
needs no Azure package.
"""

import sys
from typing import TYPE_CHECKING, Annotated, Final

try:
    import typer
    from typer.core import TyperCommand, TyperGroup
except ModuleNotFoundError:
    # The console script imports this package first, so only this module can print the message.
    print(
        "The command line needs the packages typer and rich, which are not installed. In the "
        "project's folder, run one of: pipx install ., uvx --from . cmk-check, pip install .",
        file=sys.stderr,
    )
    sys.exit(2)

from cmk_check import VERSION
from cmk_check.cli import (
    check,
    doctor,
    evidence_command,
    evidence_verify,
    plan,
    resend,
    scan,
    send_test_alert,
)
from cmk_check.cli.exit_codes import USAGE, complain
from cmk_check.cli.options import option
from cmk_check.cli.stdout import guard_streams, write
from cmk_check.errors import NotUsable

if TYPE_CHECKING:
    from typer._click import Context

# The names of the format option in other tools.
_FORMAT_HABITS: Final = ("--json", "--output-format", "-f", "-o")


class _Command(TyperCommand):
    """A command that explains the format option if the caller used another tool's option."""

    def parse_args(self, ctx: "Context", args: list[str]) -> list[str]:
        own = {name for each in self.params for name in each.opts}
        given_options = {arg[:2] if arg[1:2] != "-" else arg.partition("=")[0] for arg in args}
        for habit in _FORMAT_HABITS:
            if habit in given_options - own:
                way = "use --format" if "--format" in own else "the output has one format"
                ctx.fail(f"No such option: {habit}; {way}.")
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as error:
            if error.message.startswith("Input should be"):  # as the library below typer says it
                least = getattr(error.param, "min", None)
                more = "" if least is None else f", {least} or more"
                error.message = f"must be a whole number{more}"
            raise


class _Commands(TyperGroup):
    """The commands, and ``help`` for people who expect it to be a command."""

    def parse_args(self, ctx: "Context", args: list[str]) -> list[str]:
        return super().parse_args(ctx, [*args[1:], "--help"] if args[:1] == ["help"] else args)


def version() -> None:
    """Show the version.

    Exit codes: 0, or 2 if the output cannot be written.
    """
    write(f"cmk-check {VERSION}")


app: Final = typer.Typer(
    name="cmk-check",
    cls=_Commands,
    no_args_is_help=True,
    rich_markup_mode=None,  # help as plain text, the same in every terminal
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _command in (
    scan.scan,
    check.check,
    plan.plan,
    doctor.doctor,
    send_test_alert.send_test_alert,
    resend.resend,
    evidence_verify.verify,
    evidence_command.evidence,
    version,
):
    # Otherwise the list of commands shows only the beginning of the sentence.
    app.command(cls=_Command, short_help=(_command.__doc__ or "").partition("\n\n")[0])(_command)


def _show_version(is_requested: bool) -> None:  # noqa: FBT001 - typer's form of a callback
    if is_requested:
        version()
        raise typer.Exit


@app.callback()
def _options(
    *,
    _version: Annotated[
        bool, option("commands.version", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Check which Azure OpenAI accounts are encrypted with a customer-managed key."""


def main(prog_name: str = "cmk-check") -> None:
    """Run the command named in the arguments, and exit; a failed write is an error."""
    guard_streams()
    try:
        app(prog_name=prog_name)
    except NotUsable as error:  # the output of --help or --version
        complain(str(error))
        sys.exit(USAGE)
