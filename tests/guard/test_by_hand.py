"""The page for those who check and fix by hand has every step of the published recipe."""

from itertools import chain
from typing import Final

from tests.guard.documents import ROOT, table

PAGE: Final = (ROOT / "docs/by-hand.md").read_text()
STEPS: Final = (
    ("check", "portal", 8),
    ("check", "az", 6),
    ("fix", "portal", 13),
    ("fix", "az", 10),
)


def test_each_of_the_37_published_steps_is_on_the_page() -> None:
    """Whoever audits by the recipe looks for each of its numbers."""
    rows = table(PAGE, "published step")

    expected = [[f"{what}, {how} {n:02}" for n in range(1, most + 1)] for what, how, most in STEPS]
    assert [row[0] for row in rows] == list(chain(*expected))
    assert [row for row in rows if "](" not in row[1]] == []
