"""What a key does not cover: said where it matters, with what judges it instead."""

import re

import pytest

from cmk_check.core.enums import Verdict
from cmk_check.core.kinds import AZURE_OPENAI
from cmk_check.core.not_covered_by_cmk import list_limits


def test_of_an_openai_account_it_is_said_what_goes_on_after_the_key_is_revoked() -> None:
    """A person who revokes a key relies on its effect."""
    (only,) = list_limits("openai", Verdict.COMPLIANT)

    assert "after the key is revoked" in only


@pytest.mark.parametrize("verdict", [Verdict.NON_COMPLIANT, Verdict.UNKNOWN])
def test_without_a_key_no_limit_matters(verdict: Verdict) -> None:
    """It would hide what has to be done first."""
    assert list_limits("AIServices", verdict) == ()


@pytest.mark.parametrize("kind", [*AZURE_OPENAI, "aiservices"])
def test_every_kind_in_scope_has_limits(kind: str) -> None:
    """A kind without them would look as if its key covered everything."""
    texts = list_limits(kind, Verdict.COMPLIANT)

    assert texts
    assert not [text for text in texts if re.search("[{}]", text)]
