"""The command line: what each command is for, its help, and what ``doctor`` tries."""

import inspect

import typer

from cmk_check.cli import app
from cmk_check.doctor.all_checks import CHECKS
from tools.reference.documents import code, one_line, table

_GROUP = typer.main.get_group(app)
# As wide as a block of text in a document is read without scrolling.
_WIDTH = 78


def commands() -> str:
    """Write a table of all commands."""
    rows = [
        (f"[`{name}`](#{name})", one_line(command.get_short_help_str(limit=200), name))
        for name, command in _GROUP.commands.items()
    ]
    return table(("command", "what it does"), rows)


def help_of(name: str) -> str:
    """Write what ``--help`` of a command prints."""
    context = typer.Context(_GROUP, info_name="cmk-check", **_GROUP.context_settings)
    command = _GROUP.commands[name]
    own = typer.Context(command, context, name, terminal_width=_WIDTH)
    return f"```text\n{command.get_help(own)}\n```"


def doctor_checks() -> str:
    """Write what each check tries, in their order."""
    rows = [(code(each.name), one_line(inspect.getdoc(each.act), each.name)) for each in CHECKS]
    return table(("line", "what is tried"), rows)
