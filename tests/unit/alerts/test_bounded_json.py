"""JSON within a limit: whole where it fits, and cut where it does not, in the fewest characters."""

import json

import pytest

from cmk_check.alerts.log_lines import bounded_json
from cmk_check.limits import SHORTENED_TO


def test_what_just_fits_is_whole() -> None:
    """A value is cut only where it must be."""
    value = {"name": "n" * 3_000}
    whole = json.dumps(value, separators=(",", ":"))

    assert bounded_json(value, len(whole)) == whole
    assert len(bounded_json(value, len(whole) - 1)) < len(whole)


@pytest.mark.parametrize("most", [9_000, 2_900], ids=["whole", "cut"])
def test_no_character_is_spent_on_blanks(most: int) -> None:
    """Logs are paid for by their size, and what is saved leaves room for what is told."""
    assert " " not in bounded_json({"name": "n" * 3_000, "list": [1, 2]}, most)


def test_the_entries_of_a_list_are_cut_too() -> None:
    """A list may hold texts and lists as long as any."""
    chars, entries = SHORTENED_TO[0]
    value = {"texts": ["t" * 3_000], "lists": [list(range(100))]}

    assert json.loads(bounded_json(value, 2_900)) == {
        "texts": ["t" * chars],
        "lists": [list(range(entries))],
    }
