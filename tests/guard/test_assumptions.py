"""What is not proven on Azure: one list, and every page that says so links to it."""

import re
from typing import Final

from cmk_check.doctor.assumptions import PROBES, texts
from tests.guard.documents import DOCUMENTS, ROOT

PAGE: Final = ROOT / "docs/assumptions.md"
OTHERS: Final = [
    path
    for path in DOCUMENTS
    if path not in {PAGE, ROOT / "CHANGELOG.md"} and "decisions" not in path.parts
]
_SAYS_SO: Final = re.compile(
    r"not (been )?(tried|proven) (on Azure|yet)|\*\*\[?Not (tried|proven)", re.IGNORECASE
)


def test_every_assumption_is_whole_and_linked_from_a_page() -> None:
    """A reader must meet it where it matters, with what to do."""
    linked = {
        name
        for path in OTHERS
        for name in re.findall(r"assumptions\.md#([\w-]+)", path.read_text())
    }

    assert linked == texts().keys()
    assert texts().keys() > PROBES.keys()
    assert {tuple(each) for each in texts().values()} == {("belief", "why", "see", "affects")}
    for name, each in texts().items():
        assert (name in PROBES) or each["see"].startswith("By hand: "), name


def test_a_page_that_says_so_links_to_the_list() -> None:
    """Otherwise an assumption is on a page alone, and no report tries it."""
    texts = [path.read_text() for path in OTHERS]
    blocks = [block for text in texts for block in re.split(r"\n\n|\n(?=[-|])", text)]

    saying_so = [block for block in blocks if _SAYS_SO.search(block)]

    assert saying_so
    assert [block for block in saying_so if "assumptions.md" not in block] == []
