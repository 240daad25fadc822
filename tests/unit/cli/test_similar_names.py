"""The names that somebody may have meant."""

import pytest

from cmk_check.cli.plans_of_scan import similar_names

NAMES = ["Fraud-Analytics", "payments", "research", "Research", "fraud-ops", "rd"]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("fraud", ["fraud-ops", "Fraud-Analytics"]),
        ("RESAERCH", ["Research", "research"]),
        ("fraud-analitycs", ["Fraud-Analytics"]),
        ("ops", ["fraud-ops"]),
        ("payroll", []),
        ("", []),
        (" ", []),
    ],
)
def test_it_is_spelled_like_the_name_or_contains_it(wanted: str, expected: list[str]) -> None:
    """Whoever remembers the beginning of a name must not have to guess the rest."""
    assert similar_names(wanted, NAMES) == expected


def test_the_best_come_first_and_of_many_only_some_are_named() -> None:
    """A message must stay one."""
    found = similar_names("team-1", [f"team-{number}" for number in range(200)])

    assert (found[0], len(found)) == ("team-1", 10)
