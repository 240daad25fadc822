"""What alert rules look for, in the lines of real scans."""

from datetime import timedelta
from pathlib import Path

import pytest

from local.simulator import Access, Fault, Vault, arm_error
from tests.functional.conftest import OpenScene
from tests.functional.estate_kit import (
    CMK,
    MICROSOFT,
    ODD,
    add_account_with_key,
    estate_of,
    next_second,
    sub_id,
)
from tests.functional.exception_kit import accept
from tests.guard.infra.alert_rules import criterion, rules_of
from tests.guard.infra.bicep_kit import Bicep
from tests.guard.infra.expressions import worked_out
from tests.guard.kql import missing


def disable_key(vault: Vault) -> None:
    """Disable the key of such an account."""
    key = vault.key("cmk")
    assert key is not None
    key.latest.set("properties.attributes.enabled", False)  # noqa: FBT003 - JSON's


# The app knows its own address there and nowhere else.
ON_AZURE_ALONE = '["data"]["findingUrl"]'


@pytest.mark.long
def test_each_alert_rule_finds_what_it_reads_in_the_lines_of_scans(
    open_scene: OpenScene, tmp_path: Path
) -> None:
    """Examples can drift from what the app writes; a rule that reads amiss is silent."""
    with Bicep(tmp_path) as compiler:
        rules = rules_of(worked_out(compiler.snapshot("minimal.bicepparam")))
    queries = {name: criterion(rule)["query"] for name, rule in rules.items()}
    # Their lines come if a receiver of alerts is silent, the watch is blind, or a due date passes.
    for name in ("message-given-up", "webhook-failing", "watch-blind", "account-overdue"):
        del queries[name]
    estate = estate_of({"chat": CMK, "search": CMK}, {"lab": CMK}, {})
    vault = add_account_with_key(estate, "vision", vault_in=3)
    scene = open_scene(estate, CMK_KEY_HEALTH="on")
    scene.scan()
    estate.subscription(sub_id(1)).accounts["vision"].set("tags", {"owner": "somebody"})
    disable_key(vault)
    for name, encryption in (("chat", MICROSOFT), ("search", ODD)):
        account = estate.subscription(sub_id(1)).accounts[name]
        account.set_encryption(encryption)
        account.set("tags", {"owner": "somebody"})
    estate.subscription(sub_id(2)).access = Access.FORBIDDEN
    exemption = accept(estate, "chat", timedelta(days=2))
    scene.scan()
    estate.policies.remove(exemption.id)
    next_second()
    scene.scan()
    fault = Fault(path="/subscriptions", then=arm_error(403, "AuthorizationFailed"))
    scene.simulator.faults.add(fault)
    next_second()

    scene.scan()

    lines = scene.events()
    absent = {field for query in queries.values() for _, field in missing(query, lines)}
    assert absent == {ON_AZURE_ALONE}
