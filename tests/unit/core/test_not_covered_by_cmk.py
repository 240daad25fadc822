"""What a key does not cover: said where it matters, with what judges it instead."""

import re
from typing import Final

import pytest

from cmk_check.core.enums import Verdict
from cmk_check.core.kinds import AZURE_OPENAI
from cmk_check.core.not_covered_by_cmk import list_limits

# As of 29 April 2026, in https://github.com/Azure/azure-policy.
POLICIES: Final = {
    "Storage": "6fac406b-40ca-413b-bf8e-0bf964659c25",
    "Cosmos DB": "1f905d99-2ab7-462c-a6b0-f709acca6c8f",
    "Azure AI Search": "76a56461-9dc0-40f0-82f5-2453283afa2f",
    "Machine Learning workspaces": "ba769a63-b8cc-4b2d-abf6-ac33c7204be8",
}


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


@pytest.mark.parametrize(("service", "policy"), POLICIES.items())
def test_a_service_that_keeps_data_is_named_with_the_policy_that_judges_it(
    service: str, policy: str
) -> None:
    """The app does not look at these services, so the person must know what does."""
    texts = list_limits("AIServices", Verdict.COMPLIANT)

    assert any(f"{service} ({policy})" in text for text in texts)
