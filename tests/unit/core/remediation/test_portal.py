"""A plan for the portal: every value to enter is there, and a name is never markup (P10)."""

import re
from typing import Final

import pytest

from cmk_check.core.remediation.plan import Plan
from cmk_check.core.remediation.portal import render_portal
from tests.fakes.broken_keys import KEYS_IN_TROUBLE, key_plan_of
from tests.fakes.remediation import CLIENT, SUBSCRIPTION, finding_of, planned
from tests.unit.core.remediation.test_names import HOSTILE

FOUNDRY: Final = finding_of(
    kind="AIServices", identity_type="UserAssigned", identity_client_id=CLIENT
)


def _read(plan: Plan) -> str:
    return render_portal(plan, "https://portal.azure.us", "vault.usgovcloudapi.net")


@pytest.mark.parametrize(
    ("plan", "values"),
    [
        (planned(finding_of()), ["chat", "rg-ai", SUBSCRIPTION, "westeurope", "{vault}", "{key}"]),
        (planned(FOUNDRY, vault="kv-old"), [CLIENT, "https://kv-old.vault.usgovcloudapi.net/"]),
        (key_plan_of(KEYS_IN_TROUBLE["pinned version disabled"]), ["safe", "cmk", "0b" * 16]),
    ],
    ids=["OpenAI, nothing there", "Foundry, user-assigned, existing vault", "a disabled version"],
)
def test_a_first_time_reader_finds_every_value_to_enter(plan: Plan, values: list[str]) -> None:
    """A person at a form must not look anything up, or guess a name."""
    text = _read(plan)

    for value in values:
        assert f"`{value.format(vault=plan.vault.name, key=plan.key)}`" in text
    assert [int(n) for n in re.findall(r"(?m)^(\d+)\. ", text)] == [
        n for n, _ in enumerate(plan.steps, 1)
    ]
    assert all(step.risk is None or f"Caution: {step.risk}\n" in text for step in plan.steps)
    assert (f"> {plan.warning}\n" in text) is (plan.warning is not None)
    assert "CONFIRM_" not in text
    assert "portal.azure.us/#resource/subscriptions/" in text
    assert text.count("az cognitiveservices account show --subscription=") == 1


@pytest.mark.parametrize("name", HOSTILE)
def test_p10_a_name_is_code_in_markdown_and_encoded_in_links(name: str) -> None:
    """A name with markup could hide a step, or lead a click elsewhere."""
    plan = planned(finding_of(name=f"x{name}x", group=f"g{name}g"))

    text, plain = _read(plan), _read(planned(finding_of()))

    assert len(text.splitlines()) == len(plain.splitlines())
    assert all(re.fullmatch(r"[!-;=?-_a-z~]+", link) for link in re.findall("<(https:.*?)>", text))
    rest = re.sub(r"(?s)(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)|<https:[^>]*>|```sh.*?```", "", text)
    assert f"x{name}x" not in rest
