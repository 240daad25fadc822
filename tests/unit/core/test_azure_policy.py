"""The results of Azure's built-in policy, compared with its own JSON on many accounts."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmk_check.core.account import Account
from cmk_check.core.aspects.azure_policies import EXCLUDED_KINDS, policy_answer, policy_state
from cmk_check.core.enums import PolicyReason, Reason, Verdict
from cmk_check.core.rule import judge, row_too_new
from tests.fakes.policy_rule import BUILT_IN, TYPE, state_by

DEFAULTS: Final = {"excludedKinds": list(EXCLUDED_KINDS)}
AGREE: Final = PolicyReason.SAME_AS_VERDICT


@given(
    kind=st.sampled_from(["OpenAI", "openai", "AIServices", "AISERVICES", "knowledge", "Face"]),
    source=st.sampled_from(
        [None, "", "Microsoft.KeyVault", "MICROSOFT.keyvault", "Microsoft.CognitiveServices", "x"]
    ),
)
def test_any_kind_and_key_source_gets_what_the_policys_rule_gives_it(
    kind: str, source: str | None
) -> None:
    """Azure Policy is case-insensitive, and an absent key source is not Key Vault."""
    raw = {"type": TYPE, "kind": kind, "properties": {"encryption": {"keySource": source}}}

    assert policy_state(kind, source) is state_by(BUILT_IN, raw, DEFAULTS)


@pytest.mark.parametrize(
    ("kind", "encryption", "verdict", "state", "reason"),
    [
        ("OpenAI", ("Microsoft.KeyVault", "cmk"), "compliant", "compliant", AGREE),
        ("OpenAI", (None, None), "non_compliant", "non_compliant", AGREE),
        (
            "OpenAI",
            ("Microsoft.KeyVault", None),
            "non_compliant",
            "compliant",
            "key_name_not_checked",
        ),
        ("OpenAI", ("New.Source", "cmk"), "unknown", "non_compliant", "key_source_not_key_vault"),
        ("AIServices", ("Microsoft.KeyVault", "cmk"), "compliant", "not_assessed", "kind_left_out"),
    ],
)
def test_the_reason_says_how_both_answers_compare(
    kind: str, encryption: tuple[str | None, str | None], verdict: str, state: str, reason: str
) -> None:
    """This sentence explains why two consoles disagree."""
    source, key = encryption
    account = Account(id=None, kind=kind, key_source=source, key_name=key)  # type: ignore[arg-type]
    judgement = judge(account)

    answer = policy_answer(kind, judgement)

    assert judgement.verdict == verdict
    assert answer is not None
    assert (answer.state, answer.reason) == (state, reason)
    assert answer.differs == (state != verdict)


def test_nothing_is_said_of_an_account_whose_answer_is_not_usable() -> None:
    """Its key source is not known, and a guess could look like agreement."""
    broken = Account(id=None, kind="OpenAI", malformed="It is broken.")  # type: ignore[arg-type]

    assert judge(broken).reason is Reason.MALFORMED
    assert policy_answer("OpenAI", judge(broken)) is None
    assert policy_answer("OpenAI", row_too_new()) is None
    assert row_too_new().verdict is Verdict.UNKNOWN
