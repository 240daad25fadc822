"""Declares the options and arguments of the commands, with the texts of ``options.toml``."""

from collections.abc import Collection, Mapping
from typing import Any, Final

import typer

from cmk_check.core.text_files import read_toml

_TABLES: Final[Mapping[str, Mapping[str, dict[str, Any]]]] = read_toml(__package__, "options.toml")


def option(key: str, values: Mapping[str, object] | None = None, **more: Any) -> Any:  # noqa: ANN401 - as typer declares it
    """Return the option with this key, such as scan.store; ``more`` are further arguments."""
    command, _, name = key.partition(".")
    declared = dict(_TABLES[command][name]) | more
    declared["help"] = declared["help"].format(**values or {})
    names = declared.pop("names", ())
    make = typer.Argument if declared.pop("argument", False) else typer.Option
    return make(*names, **declared)


def choice(key: str, kind: Collection[str], *, many: bool = False, **values: str) -> Any:  # noqa: ANN401 - as typer declares it
    """Return an option for one of these values, or for a comma-separated list of them.

    typer's own error message for a choice begins with words of its underlying library.
    """
    names, listed = {str(each): each for each in kind}, ", ".join(kind)

    def parse(text: str) -> object:
        try:
            if many:
                return frozenset(names[name.strip()] for name in text.split(","))
            return names[text]
        except KeyError:
            must = f"a list of {listed}, separated by commas" if many else f"one of {listed}"
            is_file = key == "output.format" and "." in text
            file = f"; to write a file: --output {text}" if is_file else ""
            raise typer.BadParameter(f"must be {must}{file}") from None

    def complete(incomplete: str) -> list[str]:
        before, comma, _ = incomplete.rpartition("," if many else "\n")
        return [f"{before}{comma}{each}" for each in kind if each not in before.split(",")]

    more = {} if many else {"metavar": f"<{'|'.join(kind)}>"}
    return option(key, {"choices": listed, **values}, parser=parse, autocompletion=complete, **more)


def refuse(*faults: tuple[str, str, object]) -> None:
    """Raise BadParameter for the first fault whose last value is true."""
    for name, must, is_wrong in faults:
        if is_wrong:
            raise typer.BadParameter(must, param_hint=name)
