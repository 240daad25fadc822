"""The catalogue of reasons: complete, and in words that say what to do."""

import re
from typing import Final

import pytest

from cmk_check.core.enums import (
    Actor,
    ExceptionReason,
    GapReason,
    KeyReason,
    KeySeverity,
    PostureReason,
    Reason,
    ReasonArea,
    ReasonSeverity,
)
from cmk_check.core.reasons.catalogue import CATALOGUE, GAP_REASONS, NOTHING_TO_DO, ReasonEntry
from cmk_check.core.reasons.gap_sentences import KEY_TIME_IS_UP, SLICE_TIME_IS_UP, make_gap
from cmk_check.core.reasons.key_sentences import key_severity

ENTRIES: Final = [
    pytest.param(entry, id=f"{area}-{code}")
    for area, entries in CATALOGUE.items()
    for code, entry in entries
]
_SENTENCES: Final = re.compile(r"[A-Z]([^\n]{15,}[\w`])\.")


def test_every_code_has_an_entry_in_the_order_of_its_enum() -> None:
    """A reason without an entry would stop the first program that meets it."""
    codes = {area: [code for code, _ in entries] for area, entries in CATALOGUE.items()}

    assert codes == {
        ReasonArea.VERDICT: list(Reason),
        ReasonArea.GAP: list(GapReason),
        ReasonArea.KEY: list(KeyReason),
        ReasonArea.EXCEPTION: list(ExceptionReason),
        ReasonArea.POSTURE: list(PostureReason),
    }


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_entry_says_what_it_means_and_who_does_what(entry: ReasonEntry) -> None:
    """P11: an unknown that nobody can end is worse than none; and a row holds 300 characters."""
    assert _SENTENCES.fullmatch(entry.message)
    assert _SENTENCES.fullmatch(entry.way_out)
    assert len(entry.text()) <= 300
    assert entry.severity is ReasonSeverity.INFO or entry.way_out != NOTHING_TO_DO
    passes = ("There is nothing to do", "Wait until")
    assert (entry.actor is Actor.NOBODY) == entry.way_out.startswith(passes)


def test_a_note_stands_in_the_sentence_and_nothing_to_do_is_not_said() -> None:
    """Counts, status codes and missing actions are read where they belong."""
    entry = ReasonEntry(ReasonSeverity.ERROR, "It broke.", "Mend it.", Actor.OPERATOR)
    calm = ReasonEntry(ReasonSeverity.INFO, "It works.", NOTHING_TO_DO, Actor.NOBODY)

    assert entry.text("2 of 3.") == "It broke (2 of 3). Mend it."
    assert (entry.text(), calm.text()) == ("It broke. Mend it.", "It works.")


def test_the_severities_of_keys_are_those_of_findings() -> None:
    """Health is judged by them: a broken key must not turn into a notice."""
    severities = [key_severity(code) for code in KeyReason]

    assert [severities.count(each) for each in KeySeverity] == [1, 8, 2, 10]


def test_a_missing_action_is_named_in_the_way_out() -> None:
    """P11: the person who grants the role needs its name, also in the log."""
    gap = make_gap(GapReason.FORBIDDEN, "403 AuthorizationFailed", missing_action="a/read")

    assert gap.missing_action == "a/read"
    assert gap.detail == (
        "Azure denied access (403 AuthorizationFailed). Grant the app's identity the Reader role, "
        "or a role with the missing action (a/read)."
    )


@pytest.mark.parametrize("gap", [SLICE_TIME_IS_UP, KEY_TIME_IS_UP])
def test_where_the_slice_had_no_time_a_faster_subscription_does_not_help(gap: object) -> None:
    """P11: a way out that cannot help is none."""
    assert "CMK_MAX_IN_FLIGHT" not in GAP_REASONS[GapReason.TIMEOUT].way_out
    assert GAP_REASONS[GapReason.TIMEOUT].way_out not in str(gap)
    assert "CMK_MAX_IN_FLIGHT" in str(gap)
