"""``plan`` from what Azure says to its exit code: what is written where, and when there is one."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cmk_check.cli import app
from cmk_check.cli.account_plan import report
from cmk_check.cli.output_options import Language
from cmk_check.cli.plans_of_scan import PlanChoice
from cmk_check.config.settings import Settings
from cmk_check.core.account import Account, Reading, Subscription
from cmk_check.core.comparison.judge_accounts import judge_all
from cmk_check.core.enums import KeyReason, Reason
from cmk_check.core.keys.facts import KeyFacts, Vault
from cmk_check.core.reasons.catalogue import KEY_REASONS, VERDICT_REASONS
from cmk_check.core.remediation.az_script import render_az
from cmk_check.core.remediation.bicep import render_bicep
from cmk_check.core.remediation.portal import render_portal
from cmk_check.core.remediation.terraform import render_terraform
from cmk_check.core.resource_id import AccountId
from cmk_check.core.unread import Absent, Unread
from tests.fakes.inventory import ScriptedInventory
from tests.fakes.keys import HEALTHY, UNREAD, ScriptedKeys
from tests.fakes.remediation import SUBSCRIPTION, TENANT, finding_of, planned
from tests.fakes.world import World
from tests.unit.cli.scan_kit import FORBIDDEN
from tests.unit.core.key_examples import (
    ATTRIBUTES,
    NOW,
    POLICIES,
    Case,
    account_of,
    changed,
    facts_of,
)

SETTINGS = Settings.load_for_scan(environ={})
SUBSCRIPTIONS = (Subscription(SUBSCRIPTION, "Production", TENANT, "Enabled"),)
ID = finding_of().id
TEXT = ID.text
FREE = PlanChoice()
type Output = pytest.CaptureFixture[str]


def _account(key_source: str, key_name: str | None = None) -> Account:
    return Account(ID, "OpenAI", "westeurope", key_source=key_source, key_name=key_name)


BAD = _account("Microsoft.CognitiveServices")
GOOD = _account("Microsoft.KeyVault", "cmk")
ODD = _account("Contoso.KeySafe")
VISION = Settings.load_for_scan(environ={"CMK_KINDS": "ComputerVision"})
HOPELESS = replace(BAD, kind="ComputerVision")
NEIGHBOUR = replace(GOOD, id=finding_of("neighbour").id)


async def _plan(
    reading: Reading,
    choice: PlanChoice = FREE,
    account: AccountId = ID,
    *,
    settings: Settings = SETTINGS,
    facts: KeyFacts | None = None,
) -> int:
    kinds = {kind.lower(): kind for kind in settings.kinds}
    world = World(keys=ScriptedKeys({TEXT: facts}) if facts else None, kinds=kinds)
    world.clock.time = NOW
    world.inventory = ScriptedInventory(SUBSCRIPTIONS, {SUBSCRIPTION: reading})
    return await report(world.context, settings, account, choice)


async def _plan_key(case: Case, choice: PlanChoice = FREE) -> int:
    account = account_of(case)
    assert account is not None
    return await _plan(Reading((replace(account, id=ID),)), choice, facts=facts_of(case))


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["plan", *arguments])


@pytest.mark.parametrize("language", Language)
async def test_the_script_stands_alone_on_standard_output(
    capsys: Output, language: Language
) -> None:
    """What is piped into a file is run; what it is about is told beside it."""
    dated = replace(BAD, created_at="2024-05-01T22:00:00Z")

    code = await _plan(Reading((NEIGHBOUR, dated)), PlanChoice(language=language))

    written = capsys.readouterr()
    plan = planned(finding_of(key_source="Microsoft.CognitiveServices"), tenant_id=TENANT)
    assert code == 1
    assert written.out == {
        Language.AZ: render_az(plan),
        Language.BICEP: render_bicep(plan),
        Language.TERRAFORM: render_terraform(plan),
        Language.PORTAL: render_portal(plan, "https://portal.azure.com", "vault.azure.net"),
    }.get(language)
    assert written.err.splitlines() == [
        f"cmk-check: chat is non_compliant: {VERDICT_REASONS[Reason.MICROSOFT_MANAGED_KEY].text()}",
        "cmk-check: The violation may be as old as the account, created on 2024-05-01.",
        f"cmk-check: {plan.summary} Read it first: it says what cannot be undone.",
        f"cmk-check: afterwards check: cmk-check scan --subscription {ID.subscription_id}",
    ]


async def test_vault_and_key_are_those_that_were_asked_for(capsys: Output) -> None:
    """Companies have rules for both."""
    await _plan(Reading((BAD,)), PlanChoice(vault="kv-old", key="our-key"))

    out = capsys.readouterr().out
    assert "\nVAULT='kv-old'\n" in out
    assert "\nKEY='our-key'\n" in out
    assert "az keyvault create" not in out


DISABLED = changed(POLICIES, f"{ATTRIBUTES}.enabled", value=False)


async def test_a_key_in_trouble_has_a_plan(capsys: Output) -> None:
    """A compliant account whose key is disabled is not one of which nothing is to do."""
    assert await _plan_key(DISABLED) == 1

    written = capsys.readouterr()
    assert written.out.startswith("#!/usr/bin/env bash\n")
    assert "\nACCOUNT='chat'\n" in written.out
    assert f"\nTENANT='{TENANT}'\n" in written.out
    assert "--enabled=true" in written.out
    _, reason, summary, _ = written.err.splitlines()
    message = KEY_REASONS[KeyReason.KEY_DISABLED].text()
    assert reason == f"cmk-check: its key is broken, key_disabled: {message}"
    assert summary.startswith("cmk-check: Fix the key of chat ")


OUT_OF_SCOPE = Reading(ignored_by_kind={"Speech": 1}, ignored_ids=frozenset({TEXT}))
LARGER = changed(POLICIES, "key.properties.keySize", 4096)
NO_COMMAND = changed(POLICIES, "vault.properties.publicNetworkAccess", "SecuredByPerimeter")


@pytest.mark.parametrize(
    ("plan", "code", "said"),
    [
        (partial(_plan, Reading((GOOD,))), 0, "there is nothing to do"),
        (partial(_plan, Reading((HOPELESS,)), settings=VISION), 3, "no plan can fix this"),
        (partial(_plan, Reading((ODD,))), 3, "no plan while the account's state is unknown"),
        (partial(_plan, Reading((GOOD, ODD))), 3, "chat is unknown"),
        (partial(_plan, Reading()), 3, "whether the account was deleted or moved"),
        (partial(_plan, Reading(gap=FORBIDDEN)), 3, "forbidden: Grant the Reader role."),
        (partial(_plan, OUT_OF_SCOPE), 3, "its kind is not one of OpenAI, AIServices"),
        (partial(_plan_key, POLICIES), 0, "there is nothing to do"),
        (partial(_plan_key, LARGER), 0, "there is nothing to do"),
        (partial(_plan_key, NO_COMMAND), 3, "no az command fixes this: follow the advice of each"),
        (partial(_plan_key, DISABLED, PlanChoice(vault="kv")), 2, "--vault and --key are for"),
        (partial(_plan_key, DISABLED, PlanChoice(key="k")), 2, "--vault and --key are for"),
        (partial(_plan_key, DISABLED, PlanChoice(language=Language.BICEP)), 2, "Bicep cannot"),
    ],
)
async def test_without_a_plan_it_says_why_and_writes_nothing(
    capsys: Output, plan: Callable[[], Awaitable[int]], code: int, said: str
) -> None:
    """An empty file that is run does nothing; the reason must not end up in it."""
    assert await plan() == code

    written = capsys.readouterr()
    assert written.out == ""
    assert said in written.err


@pytest.mark.parametrize("order", [1, -1])
async def test_an_account_listed_twice_is_planned_for_as_a_scan_records_it(
    capsys: Output, order: int
) -> None:
    """Two entries that are equally bad come in any order; the plan is for the recorded one."""
    entries = (BAD, replace(BAD, identity_type="UserAssigned"))[::order]

    assert await _plan(Reading(entries)) == 1

    recorded = judge_all(entries, {})[TEXT]
    identity = recorded.judgement.evidence.identity_type
    finding = finding_of(key_source="Microsoft.CognitiveServices", identity_type=identity)
    assert capsys.readouterr().out == render_az(planned(finding, tenant_id=TENANT))


async def test_p10_a_name_cannot_steer_the_terminal(capsys: Output) -> None:
    """The words beside the script hold the name as well."""
    hostile = finding_of("\u202eevil", "rg\u200b").id
    bad = replace(BAD, id=hostile)

    await _plan(Reading((bad,)), account=hostile)

    written = capsys.readouterr()
    assert "\\u202eevil is non_compliant" in written.err
    assert all(line.isprintable() for line in (written.err + written.out).splitlines())


@pytest.mark.parametrize(
    ("arguments", "option", "said"),
    [
        ([], "ACCOUNT", "name an account, as in `cmk-check plan my-account`"),
        (["--out", "new"], "ACCOUNT", "one of --owner, --unowned, --subscription and --all"),
        (["chat", "--all", "--out", "new"], "ACCOUNT", "must be used without --owner"),
        (["--all"], "--out", "must be given: a new folder for the plans"),
        (["--all", "--out", "."], "--out", "must be empty or not exist"),
        (["--all", "--out", "other"], "--out", "must be a folder"),
        (["--all", "--out", "n" * 250], "--out", "cannot be written (File name too long)"),
        (["--all", "--out", "none/new"], "--out", "must be in an existing folder"),
        (["--all", "--owner", "Ann", "--out", "new"], "--all", "without --owner"),
        (["--all", "--unowned", "--out", "new"], "--all", "without --owner, --unowned"),
        (["--unowned", "--owner", "Ann", "--out", "new"], "--unowned", "without --owner"),
        (["chat", "--unowned", "--out", "new"], "ACCOUNT", "must be used without --owner"),
        (["--unowned"], "--out", "must be given: a new folder for the plans"),
        (["--subscription", "", "--out", "new"], "--subscription", "must be the name or the id"),
        (["chat", "--out", "new"], "--out", "must be used with --owner"),
        (["chat", "--share-vault"], "--share-vault", "must be used with --owner"),
        (["--all", "--out", "new", "--share-vault", "--vault", "kv-x"], "--share-vault", "--vault"),
        (["--all", "--out", "new", "--format", "bicep"], "--format", "must be az"),
        (["--all", "--out", "new", "--vault", "kv_x"], "--vault", "a vault's name has"),
        (["chat", "--vault", ""], "--vault", "a vault's name has"),
        (["chat", "--key", "a b"], "--key", "a key's name has"),
        (["chat", "--key", ""], "--key", "a key's name has"),
        ([""], "ACCOUNT", "must be an account's name, or its id"),
        (["c" * 65], "ACCOUNT", "must be an account's name, or its id"),
        ([f"/subscriptions/{SUBSCRIPTION}"], "ACCOUNT", "must be an account's name, or its id"),
        ([TEXT.replace(SUBSCRIPTION, "Prod")], "ACCOUNT", "must be an account's name, or its id"),
        ([f"{TEXT}/deployments/gpt"], "ACCOUNT", "must be an account's name, or its id"),
        ([TEXT.replace("cognitiveservices", "web")], "ACCOUNT", "must be an account's name, or"),
    ],
)
def test_what_cannot_be_meant_is_a_fault_of_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], option: str, said: str
) -> None:
    """Said before a scan of minutes."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other").touch()

    result = _run(*arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert option in result.stderr
    assert said in " ".join(re.sub("[│\n]", " ", result.stderr).split())
    assert [path.name for path in tmp_path.iterdir()] == ["other"]


@pytest.mark.parametrize(
    ("vault", "said"),
    [
        (Vault(f"/subscriptions/{SUBSCRIPTION}/resourcegroups/rg/x/kv-mine"), ""),
        (Vault("/subscriptions/other/x/kv-mine"), "; use its id: /subscriptions/other/x/kv-mine."),
        (UNREAD.vault, "; check its name, and whether you may read it."),
    ],
    ids=["there", "elsewhere", "nowhere"],
)
async def test_a_vault_that_is_not_there_is_said_before_the_script(
    vault: Vault | Absent | Unread, said: str, capsys: Output
) -> None:
    """The script would stop at it, perhaps in the hands of somebody else."""
    facts = replace(HEALTHY, vault=vault)

    code = await _plan(Reading((BAD,)), PlanChoice(vault="kv-mine"), facts=facts)

    written = capsys.readouterr()
    line = f"cmk-check: the vault kv-mine was not found in subscription {SUBSCRIPTION}{said}"
    assert (code, written.out.startswith("#!")) == (1, True)
    assert (line in written.err.splitlines()) == bool(said)
