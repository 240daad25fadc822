"""Lets Microsoft's az command parse commands without running them; run by its own Python.

Standard input holds a JSON list of lists of words. Standard output is a list of what each became:
``{"command": ..., "values": {...}}``, or ``{"error": ...}`` with what az would print.
"""

import contextlib
import io
import json
import sys
from typing import Any, NoReturn

from azure.cli.core import get_default_cli  # type: ignore[import-untyped] # found by az's Python
from knack.events import EVENT_INVOKER_POST_PARSE_ARGS  # type: ignore[import-not-found] # as above


class Parsed(BaseException):
    """Ends a command once it is parsed; az catches every Exception, so it is none."""


def parse(words: list[str]) -> dict[str, object]:
    """Parse one command as az does, files that stand for values and queries included."""
    cli = get_default_cli()
    said = io.StringIO()
    seen: list[Any] = []

    def stop(_context: object, args: object, **_others: object) -> NoReturn:
        seen.append(args)
        raise Parsed

    cli.register_event(EVENT_INVOKER_POST_PARSE_ARGS, stop)
    with contextlib.redirect_stderr(said), contextlib.suppress(Parsed, SystemExit):
        cli.invoke(words, out_file=said)
    if not seen:
        return {"error": said.getvalue() or "it was not parsed"}
    values = {name: value for name, value in vars(seen[0]).items() if isinstance(value, str | bool)}
    return {"command": seen[0].command, "values": values}


json.dump([parse(words) for words in json.load(sys.stdin)], sys.stdout)
