"""Verdicts on findings whose rows cannot be trusted."""

from cmk_check.core.account import Evidence, Judgement
from cmk_check.core.enums import Reason, Verdict
from cmk_check.core.reasons.catalogue import VERDICT_REASONS
from cmk_check.core.rule import row_broken, row_too_new


def test_a_broken_row_is_unknown_and_says_how_to_heal_it() -> None:
    """A verdict in a broken row cannot be trusted (P1, P11)."""
    assert row_broken("Delete the row.") == Judgement(
        Verdict.UNKNOWN, Reason.MALFORMED, "Delete the row.", Evidence()
    )


def test_a_row_of_a_newer_version_is_unknown_without_evidence() -> None:
    """Only the newer version knows what its fields mean (P1)."""
    assert row_too_new() == Judgement(
        Verdict.UNKNOWN, Reason.ROW_TOO_NEW, VERDICT_REASONS[Reason.ROW_TOO_NEW].text(), Evidence()
    )
