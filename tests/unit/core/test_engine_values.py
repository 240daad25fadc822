"""What is read in the answer of Bicep's engine."""

import json

from cmk_check.core.planned.account import judge_planned
from cmk_check.core.planned.arm_template import read_template
from cmk_check.core.planned.engine_values import refine_rows
from tests.unit.cli.check_kit import GREEN, KEY, OPEN, account, template


def test_an_account_cannot_speak_for_another_one() -> None:
    """The engine's answer is joined by locations, which a template can write."""
    accounts = read_template(template(account("[later()]")))
    other = account(KEY, "other", id="other", location=accounts[0].address)
    answer = {"predictedResources": [other], "diagnostics": ["not expanded"]}

    found = refine_rows(accounts, json.dumps(answer), [], {"openai"}, "secret ")

    rows = [judge_planned(each, {"openai"}) for each in found]
    assert [row and row["verdict"] for row in rows] == [OPEN, GREEN]
