"""What a key does not cover: said of accounts under one, and of no others."""

import pytest

from cmk_check.core.enums import Verdict
from cmk_check.core.not_covered_by_cmk import limits_of


def test_of_a_foundry_account_it_is_said_which_of_its_parts_have_other_keys() -> None:
    """Green is not the same as: everything that it keeps is under the key."""
    said = " ".join(limits_of("AIServices", Verdict.COMPLIANT))

    for part in (
        "basic setup",
        "As of 24 August 2026",
        "hosted agent",
        "Speech",
        "Assistants",
        "AI Search",
        "Fine-tuned",
    ):
        assert part in said


def test_of_an_openai_account_it_is_said_what_goes_on_after_the_key_is_revoked() -> None:
    """Who revokes a key relies on its effect."""
    (only,) = limits_of("openai", Verdict.COMPLIANT)

    assert "after the key was revoked" in only


@pytest.mark.parametrize("verdict", [Verdict.NON_COMPLIANT, Verdict.UNKNOWN])
def test_of_an_account_that_is_not_known_to_be_under_a_key_nothing_is_said(
    verdict: Verdict,
) -> None:
    """It has no key whose limits would matter."""
    assert limits_of("AIServices", verdict) == ()


@pytest.mark.parametrize("kind", [None, "SpeechServices"])
def test_of_other_kinds_nothing_is_known(kind: str | None) -> None:
    """A setting may bring them into scope."""
    assert limits_of(kind, Verdict.COMPLIANT) == ()
