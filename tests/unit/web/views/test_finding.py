"""One finding with all its details, by its id in any spelling."""

import asyncio
import subprocess
from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmk_check.core.account import Evidence, Judgement
from cmk_check.core.enums import KeyState, Reason, Verdict
from cmk_check.core.model import Finding, Transition
from cmk_check.core.remediation.portal import render_portal
from cmk_check.core.remediation.terraform import render_terraform
from cmk_check.core.rule_text import RULE_TEXT
from cmk_check.ports import Insert, Table
from cmk_check.store import table_keys
from cmk_check.web import models
from cmk_check.web.views.finding import build_remediation
from tests.fakes.broken_keys import BROKEN_KEYS, broken
from tests.fakes.hostile import NAMES
from tests.fakes.remediation import BASH, CLIENT, TENANT, finding_of, planned
from tests.unit.web.api_kit import EARLIER, LAB, NOON, PORTAL, PRODUCTION, Served, coverage, finding
from tests.unit.web.asgi_client import Answer, send

FINDINGS = "/api/v1/findings"
TEXTS = (*NAMES, "=cmd|' '!A0", "$(touch x)`x`", "'; rm -rf /", "EOF\n", "${x}", "", " ")
CHAT = finding("chat").id.text


def _path(found: Finding) -> str:
    return f"{FINDINGS}{found.id.text}"


async def test_a_finding_alone_is_that_of_the_list_and_more(served: Served) -> None:
    """The detail must agree with the list."""
    listed = (await send(served.app(), FINDINGS)).found
    served.store.log.clear()

    shown = [(await send(served.app(), f"{FINDINGS}{each['id']}")).json for each in listed]

    assert [{name: each[name] for name in listed[0]} for each in shown] == listed
    more = ["history", "changes", "remediation", "limits", "controls", "rule", "check"]
    assert {tuple(each) for each in shown} == {(*listed[0], *more)}
    # Someone would follow unnecessary advice.
    assert [each["name"] for each in shown if each["remediation"]] == ["Chat"]
    # Green is read as "all of it is under our key", and Microsoft says that it is not.
    limits = {each["name"]: " ".join(each["limits"]) for each in shown}
    assert all(word in limits["safe"] for word in ("agents", "Speech", "fine-tuned"))
    assert (bool(limits["old"]), limits["Chat"], limits["odd"]) == (True, "", "")
    # Three point reads for each, whatever the size of the estate.
    assert [operation.name for operation in served.store.log] == ["get"] * 3 * len(listed)


async def test_a_finding_says_why_it_matters_and_how_to_check_it(served: Served) -> None:
    """Whoever is told to spend a day on it asks why, and whether Azure says the same."""
    shown = (await send(served.app(), f"{FINDINGS}{CHAT}")).json

    assert shown["rule"] == {
        "severity": "medium",
        "category": "encryption at rest, generative AI",
        "why": RULE_TEXT.why,
    }
    assert shown["check"]["az"].startswith(
        f"az cognitiveservices account show --subscription='{PRODUCTION}' "
        "--resource-group='rg-ai' --name='Chat' --query '{kind: kind, keySource: "
    )
    assert "Resource Management > Encryption" in shown["check"]["portal"]


async def test_history_is_told_oldest_first_with_the_number_of_all_transitions(
    empty: Served,
) -> None:
    """Since when and how often: the last 20 are kept, and all are counted."""
    compliant = Transition(
        EARLIER, Verdict.COMPLIANT, Reason.CUSTOMER_MANAGED_KEY, "scan-1", KeyState.BROKEN
    )
    violated = Transition(NOON, Verdict.NON_COMPLIANT, Reason.KEY_NOT_NAMED, "scan-2")
    found = replace(finding(), history=(compliant, violated), changes=23)
    await empty.put(coverage(), [found])

    shown = (await send(empty.app(), _path(found))).json

    assert shown["changes"] == 23
    assert list(shown["history"][0]) == ["at", "verdict", "reason", "keyHealth", "scanId"]
    assert [tuple(each.values()) for each in shown["history"]] == [
        ("2026-11-22T12:00:00Z", "compliant", "customer_managed_key", "broken", "scan-1"),
        ("2026-11-25T12:00:00Z", "non_compliant", "key_not_named", None, "scan-2"),
    ]


@pytest.mark.parametrize(
    "written",
    [CHAT[1:].replace("cognitiveservices", "CognitiveServices"), CHAT[1:].upper(), CHAT],
    ids=["as Azure spells it", "shouted", "with its first slash"],
)
async def test_an_id_is_found_in_any_casing(served: Served, written: str) -> None:
    """ARM itself returns ids in more than one casing."""
    assert (await send(served.app(), f"{FINDINGS}/{written}")).json["name"] == "Chat"


@pytest.mark.parametrize(
    "group",
    [
        *("rg-forschung_(süd).2", "rg 100%41", "50%", "%2f%2F", "ß 😀"),
        *("rg $(touch x)", "it's", "rg-\u202e", "`x`"),
    ],
)
async def test_p10_a_name_is_taken_as_it_is_in_links_and_in_one_command(
    empty: Served, group: str
) -> None:
    """If decoded again, it would lead to another account; the command is pasted into a shell."""
    found = finding(group=group)
    await empty.put(coverage(), [found])

    shown = (await send(empty.app(), _path(found))).json

    assert shown["resourceGroup"] == group
    assert shown["portalUrl"].endswith(quote(found.id.text))
    command = shown["check"]["az"]
    assert command.isprintable()
    script = f"az() {{ printf '%s\\0' \"$@\"; }}\n{command}"
    ended = await asyncio.to_thread(
        subprocess.run, [BASH, "-c", script], capture_output=True, check=True
    )
    assert ended.stdout.split(b"\0")[4] == f"--resource-group={group}".encode()


@pytest.mark.parametrize(
    "written",
    [
        "",
        "subscriptions",
        "subscriptions//resourceGroups//providers/Microsoft.CognitiveServices/accounts/",
        f"subscriptions/{PRODUCTION}/resourceGroups/rg/providers/Microsoft.Web/sites/chat",
        f"{CHAT[1:]}/deployments/gpt",
        f"//{CHAT}",
        CHAT.replace("rg-ai", "g" * 91)[1:],
        f"{CHAT[1:]}{'x' * 5000}",
    ],
)
async def test_what_is_no_accounts_id_is_not_found(served: Served, written: str) -> None:
    """The response shows the form of an id; nothing is read for it."""
    served.store.log.clear()

    answer = await send(served.app(), f"{FINDINGS}/{written}")

    assert (answer.status, answer.error) == (404, ("NotFound", "id"))
    assert "Microsoft.CognitiveServices/accounts/" in answer.json["error"]["message"]
    assert served.store.log == []


@pytest.mark.parametrize(
    "found",
    [
        finding("nothing"),
        finding("chat", group="rg"),
        finding("chat", subscription_id=LAB),
        finding("chat", subscription_id="s" * 2000),
        finding("chat", subscription_id="coverage"),
        finding("chat", group="finding|x"),
    ],
    ids=["name", "group", "subscription", "too long for a key", "no GUID", "like a key"],
)
async def test_an_account_that_is_not_recorded_is_not_found(served: Served, found: Finding) -> None:
    """Another account's finding would be wrong; a partition without a GUID is another program's."""
    row = table_keys.finding_row("rg-ai", "chat")
    await served.store.commit(Table.FINDINGS, "coverage", [Insert(row, {"schema": 4})])

    answer = await send(served.app(), _path(found))

    assert (answer.status, answer.error) == (404, ("NotFound", "id"))
    assert "/api/v1/findings lists" in answer.json["error"]["message"]


@settings(max_examples=30)
@given(st.sampled_from(TEXTS), st.sampled_from(TEXTS), st.sampled_from(Reason))
def test_p10_no_evidence_keeps_a_finding_from_being_shown(
    text: str, other: str, reason: Reason
) -> None:
    """Every account has instructions, whatever Azure returns about it."""
    evidence = Evidence(text, other, text, other, text, other, text)
    judgement = Judgement(Verdict.NON_COMPLIANT, reason, text, evidence)
    found = replace(finding(), judgement=judgement, location=other, tags={"owner": text})

    async def ask() -> Answer:
        served = Served()
        await served.put(replace(coverage(), since=NOON + timedelta(days=1)), [found])
        return await send(served.app(), _path(found))

    answer = asyncio.run(ask())

    assert answer.status == 200
    assert models.FindingDetail.model_validate_json(answer.body).remediation is not None


def test_the_steps_are_those_of_the_plan() -> None:
    """The command, the API and the page give the same advice."""
    found = finding_of(identity_type="UserAssigned", identity_client_id=CLIENT)

    shown = build_remediation(found, TENANT, PORTAL, "vault.azure.net")

    plan = planned(found, tenant_id=TENANT)
    assert shown is not None
    assert shown.summary == plan.summary
    assert [(step.title, step.why, step.warning) for step in shown.steps] == [
        (step.title, step.why, step.warning) for step in plan.steps
    ]
    assert f"TENANT='{TENANT}'" in shown.az
    assert shown.warning == plan.warning
    assert shown.portal == render_portal(plan, PORTAL, "vault.azure.net")
    assert shown.terraform == render_terraform(plan)
    assert (shown.bicep or "").startswith("// Vault, key and grant")


@pytest.mark.parametrize(("what", "has_template"), [("key disabled", False), ("no role", True)])
def test_a_broken_key_has_the_plan_that_ends_it(what: str, *, has_template: bool) -> None:
    """With the reason alone, people would have to look up names and options."""
    shown = build_remediation(broken(BROKEN_KEYS[what]), TENANT, PORTAL, "vault.azure.net")

    assert shown is not None
    assert shown.summary.startswith("Fix the key of Chat ")
    assert "on purpose" in (shown.steps[1].warning or "")
    assert f"TENANT='{TENANT}'" in shown.az
    assert (shown.bicep is not None) == has_template
