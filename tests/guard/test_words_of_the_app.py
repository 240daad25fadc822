"""What the command line prints of Azure speaks to the person who signed in, not of an app."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cmk_check.core.reasons.command_line import APP_PHRASES, address_person

ROOT: Final = Path(__file__).parents[2] / "cmk_check"
# The rooms whose texts a command on a laptop prints.
ROOMS: Final = ("core", "inventory", "net", "doctor")
_OF_THE_APP: Final = re.compile(r"\b[Tt]he app\b|\bnext (?:full )?scan\b|\bthe schedule\b")
# These mean the deployed app, which doctor examines and resend calls.
_ABOUT_THE_DEPLOYED_APP: Final = re.compile(
    "The app has no (?:receiver|route|identity|system-assigned)"
    "|CMK_HTTP_AUTH is entra|not those of the deployed app|check that the app is running"
    "|assign an identity to the app|The app retries the delivery for a day"
)


def _texts_of(path: Path) -> Iterator[str]:
    """Yield the texts of a module, but not its docstrings; a value in a text is `{}`."""
    tree = ast.parse(path.read_text())
    skipped = {id(each.value) for each in ast.walk(tree) if isinstance(each, ast.Expr)}
    for each in ast.walk(tree):
        if isinstance(each, ast.JoinedStr):
            skipped |= {id(part) for part in each.values}
            parts = (part.value if isinstance(part, ast.Constant) else "{}" for part in each.values)
            yield "".join(map(str, parts))
        elif isinstance(each, ast.Constant) and id(each) not in skipped:
            yield str(each.value)


def _texts() -> list[str]:
    """Return the texts of the rooms, and those of the catalogue."""
    catalogue = tomllib.loads((ROOT / "core/reasons/reasons.toml").read_text())
    areas = [
        area
        for name, area in catalogue.items()
        if name not in {"command_line", "subscription_option"}
    ]
    entries = [entry for area in areas for entry in area.values()]
    modules = (path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")))
    return [
        *(text for entry in entries for text in map(entry.get, ("message", "way_out"), ("", ""))),
        *(text for path in modules for text in _texts_of(path)),
    ]


def test_no_text_at_the_command_line_speaks_of_an_app_that_is_not_there() -> None:
    """Somebody with only a laptop cannot grant an app's identity a role, or await its scan."""
    texts = _texts()

    assert len(texts) > 1000
    addressed = map(address_person, texts)
    of_the_app = [text for text in addressed if _OF_THE_APP.search(text)]
    assert [text for text in of_the_app if not _ABOUT_THE_DEPLOYED_APP.search(text)] == []


def test_every_phrase_for_the_command_line_has_a_text_that_it_changes() -> None:
    """A text that somebody rewrites would otherwise speak of the app again, in other words."""
    texts = " ".join(_texts())

    assert [phrase for phrase in APP_PHRASES if phrase not in texts] == []
