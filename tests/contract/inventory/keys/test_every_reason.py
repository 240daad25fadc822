"""What the simulated Azure tells of keys, read and judged: the estate has an account per reason."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from cmk_check.core.account import Subscription as Listed
from cmk_check.core.enums import KeyReason, KeySeverity, Verdict
from cmk_check.core.keys.judge_key_health import judge_key_health
from cmk_check.core.keys.key_health import KeyHealth
from cmk_check.core.reasons.key_sentences import key_severity
from cmk_check.core.rule import judge
from cmk_check.inventory.azure_inventory import AzureInventory
from local.simulator import Simulator, load_estate


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """The estate whose accounts are named for what is wrong with their keys."""
    with Simulator(load_estate("keys")) as running:
        yield running


async def _health(inventory: AzureInventory) -> dict[str, KeyHealth]:
    accounts = [
        account
        for subscription in await inventory.subscriptions()
        for account in (await inventory.read(Listed(subscription.id), seconds=20)).accounts
        if judge(account).verdict is Verdict.COMPLIANT
    ]
    facts = await inventory.keys().read(accounts, {}, seconds=20)
    now = datetime.now(UTC)
    return {each.id.name: judge_key_health(each, facts[each.id.text], now) for each in accounts}


def _reason(name: str) -> KeyReason | None:
    """Return what an account is named for, or None for a healthy one."""
    written = name.replace("-", "_")
    fitting = [code for code in KeyReason if written.startswith(code)]
    return max(fitting, key=len, default=None)


async def test_every_account_is_judged_as_it_is_named_p1(inventory: AzureInventory) -> None:
    """P1: from Azure's answers to the reason: nothing in between loses, invents or hides one."""
    health = await _health(inventory)

    assert {_reason(name) for name in health} == {*KeyReason, None}
    for name, one in health.items():
        reason, codes = _reason(name), [each.code for each in one.concerns]
        assert reason in codes if reason else codes == [], name
        severity = key_severity(reason) if reason else KeySeverity.NOTICE
        assert one.state == {"notice": "healthy"}.get(severity, severity.value), name
