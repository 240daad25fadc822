"""The files of the page: complete, on their own, and in step with the words of the API."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pytest

from cmk_check.core.aspects import BY_NAME
from cmk_check.core.enums import ChangeType, KeyRotation, KeyState, PostureReason, RemovalReason
from cmk_check.web.dashboard_files import FILES
from tests.browsers import end_without

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "cmk_check/web/dashboard"
LIBRARY: Final = ROOT / "node_modules/uplot"
# For the checker of types alone.
NOT_SERVED: Final = {"api_types.d.ts", "types.d.ts"}
OURS: Final = sorted(name for name in FILES if not name.startswith("vendor/"))
MODULES: Final = [name for name in OURS if name.endswith(".js")]


def _text(name: str) -> str:
    return (PAGE / name).read_text()


def _keys(module: str, constant: str) -> set[str]:
    """Return the keys of an object that a module declares at its top; none without the object."""
    bodies = re.findall(rf"(?ms)^const {constant} = (?:reader\()?{{$(.*?)^}}\)?;$", _text(module))
    found = re.findall(r'(?m)^  (?:(\w+)|"([^"]+)"):', "".join(bodies))
    return {plain or quoted for plain, quoted in found}


def test_what_is_served_is_what_is_there() -> None:
    """A module that is not on the list is a page that stays empty."""
    there = {str(path.relative_to(PAGE)) for path in PAGE.rglob("*") if path.is_file()}

    assert there - NOT_SERVED == set(FILES)


@pytest.mark.parametrize("name", ["dist/uPlot.esm.js", "dist/uPlot.min.css", "LICENSE"])
def test_the_chart_library_is_the_one_of_the_lock(name: str) -> None:
    """What lies in the package is what its authors published, with their licence beside it."""
    if not LIBRARY.exists():
        end_without("THE VENDORED LIBRARY WAS NOT COMPARED: run `make install`")
    copy = PAGE / "vendor" / Path(name).name.replace("LICENSE", "uPlot.LICENSE")

    assert copy.read_bytes() == (LIBRARY / name).read_bytes()


@pytest.mark.parametrize(
    ("module", "constant", "words"),
    [("labels.js", "REMOVALS", RemovalReason), ("key_health.js", "rotationWord", KeyRotation)],
)
def test_the_page_has_words_for_every_word(
    module: str, constant: str, words: Iterable[str]
) -> None:
    """A reason that is new would be shown by its code, to people who do not know it."""
    assert _keys(module, constant) == {str(word) for word in words}


def test_the_page_says_every_change() -> None:
    """A type without a sentence would be shown by its code; those of aspects stand with these."""
    said = [_keys(name, table) for name in MODULES for table in ("SENTENCES", "CHANGES")]

    assert set().union(*said) == {type_.removeprefix("cmkcheck.") for type_ in ChangeType}


def _records() -> dict[str, str]:
    """Return the modules of aspects, by the names in their records."""
    imports = re.findall(r'(?m)^import .* from "\./(\w+\.js)";$', _text("aspects.js"))
    records = {
        name: re.search(r'Aspect} \*/\n.*\n  name: "(\w+)"', _text(name)) for name in imports
    }
    return {record[1]: name for name, record in records.items() if record}


def test_the_page_has_a_record_of_every_aspect() -> None:
    """Filters, sections, counts and next steps are made from the records alone."""
    names = re.search(r"ASPECTS = \[([^]]*)\]", _text("aspects.js"))

    assert set(_records()) == set(BY_NAME)
    assert names
    assert len(names[1].split(",")) == len(BY_NAME)


def test_the_page_has_a_step_for_every_state_of_a_key_that_is_not_healthy() -> None:
    """Somebody must look at it."""
    todo = set(re.findall(r"(?m)^  (\w+): {.*todo:", _text("key_health.js")))
    assert todo == set(KeyState) - {KeyState.HEALTHY}


def test_every_reason_of_a_posture_has_its_advice() -> None:
    """Whoever reads "unknown" is told what to do, by advice of the parts or by the banner."""
    text = "".join(_text(name) for name in MODULES)
    found = "".join(re.findall(r"(?:const COVERED =|covers:) \[(.*?)\]", text))

    assert set(re.findall(r'"(\w+)"', found)) == {
        PostureReason.ACCOUNTS_NON_COMPLIANT,
        PostureReason.ACCOUNTS_UNKNOWN,
        PostureReason.SUBSCRIPTIONS_UNREAD,
        PostureReason.KEYS_BROKEN,
        PostureReason.KEYS_UNKNOWN,
        PostureReason.NO_SCAN_YET,
    }
