"""``plan --out`` from what a scan finds to its folder, or to the reason why there is none."""

import json
import re
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from cmk_check.cli.plan_folder import report_folder, write_folder
from cmk_check.cli.plans_of_scan import PlanChoice
from cmk_check.core.account import Account
from cmk_check.core.enums import ExceptionMode
from cmk_check.core.keys.facts import KeyFacts
from cmk_check.core.remediation.az_script import render_az
from cmk_check.core.resource_id import AccountId
from cmk_check.core.unread import Unread
from cmk_check.errors import NotUsable
from cmk_check.ports import InventoryError
from tests.fakes.hostile import NAMES
from tests.fakes.keys import EXPIRED, UNPROTECTED, VAULT, VAULT_GONE, ScriptedKeys
from tests.fakes.remediation import planned
from tests.fakes.world import World, account, bad, good, odd, sub
from tests.unit.cli.scan_kit import (
    FORBIDDEN,
    SETTINGS,
    world_of,
    world_of_exceptions,
    world_of_keys,
    world_of_unread_group,
)

type Output = pytest.CaptureFixture[str]
NOTHING_SHARED: Final = "No two plans create a vault for the same owner"


async def _write(world: World, out: Path, choice: PlanChoice = PlanChoice()) -> int:  # noqa: B008 - a value
    return await report_folder(world.context, SETTINGS, choice, out)


def _index(out: Path) -> Any:  # noqa: ANN401 - JSON
    return json.loads((out / "index.json").read_text())


def _files(out: Path) -> Mapping[str, bytes]:
    return {
        str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()
    }


def _estate() -> World:
    """Two owners in two regions, who share two vaults; and one account of nobody."""
    world = World()
    world.listed(sub(1), sub(2))
    owned = [
        replace(bad(sub(1), name), owner=owner, location=region)
        for name, owner, region in (
            ("a", "Ann", "westeurope"),
            ("b", "Bob", "westeurope"),
            ("c", "Ann", "West Europe"),
            ("d", "Ann", "northeurope"),
        )
    ]
    world.read(sub(1), *owned, good(sub(1), "fine"))
    world.read(sub(2), bad(sub(2), "a"))
    return world


async def test_each_account_has_the_script_that_plan_writes_for_it(
    tmp_path: Path, capsys: Output
) -> None:
    """A script of the folder must do neither more nor less than one that was asked for alone."""
    out, world = tmp_path / "plans", _estate()

    code = await _write(world, out)

    index = _index(out)
    findings = await world.findings()
    assert code == 1
    assert _files(out).keys() == {
        "index.json",
        "index.md",
        "run.sh",
        *(f"plans/{name}.sh" for name in ("1-a", "2-b", "3-c", "4-d", "5-a")),
    }
    for each in index["plans"]:
        finding = findings[each["id"]]
        assert (out / each["file"]).read_text() == render_az(planned(finding))
    assert (index["compliant"], index["withoutPlan"]) == (1, [])
    assert "TERRAFORM_WARNING='If Terraform manages" in (out / "run.sh").read_text()
    assert "## If Terraform manages an account\n" in (out / "index.md").read_text()
    roles = re.findall("(?m)^- (Key Vault C.*)", (out / "index.md").read_text())
    assert roles == ["Key Vault Contributor on the vaults, and on the resource groups of new ones"]
    assert capsys.readouterr().err.splitlines()[-2:] == [
        f"cmk-check: 5 plans in {out}; read {out}/index.md first.",
        f"cmk-check: to run them all: bash {out}/run.sh",
    ]


async def test_accounts_of_an_owner_share_a_vault_and_follow_each_other(
    tmp_path: Path, capsys: Output
) -> None:
    """A vault and a key for each account are more than anybody wants to look after."""
    out, again = tmp_path / "plans", tmp_path / "again"

    for folder in (out, again):
        await _write(_estate(), folder, PlanChoice(share_vault=True))

    assert _files(out) == _files(again)  # two folders can be compared
    plans = _index(out)["plans"]
    order = [(each["subscriptionId"], each["name"]) for each in plans]
    vaults = [each["vault"]["name"] for each in plans]
    assert order == [(sub(1), name) for name in "acbd"] + [(sub(2), "a")]
    assert [vaults.index(name) for name in vaults] == [0, 0, 2, 3, 4]
    assert all(each["vault"]["isShared"] for each in plans)
    table = (out / "index.md").read_text().partition("## Shared vaults")[2].partition("##")[0]
    assert re.findall("(?m)^[|] `(.*?)` .*[|] ([0-9]) [|]$", table) == [
        (name, str(vaults.count(name))) for name in dict.fromkeys(vaults)
    ]
    # Whoever asked for one vault, and gets as many as accounts, wants to know why.
    assert NOTHING_SHARED not in capsys.readouterr().err
    await _write(_estate(), tmp_path / "bob", PlanChoice(owner="Bob", share_vault=True))
    assert f"cmk-check: --share-vault: {NOTHING_SHARED}" in capsys.readouterr().err
    assert NOTHING_SHARED in (tmp_path / "bob/index.md").read_text()


async def test_only_the_accounts_of_the_owner_have_plans(tmp_path: Path, capsys: Output) -> None:
    """Whoever mends theirs must not mend others'; a misspelt name is not "nothing to do"."""
    out, none = tmp_path / "plans", tmp_path / "none"

    code = await _write(_estate(), out, PlanChoice(owner="Bob"))

    index = _index(out)
    assert (code, [each["name"] for each in index["plans"]], index["compliant"]) == (1, ["b"], 0)
    assert await _write(_estate(), none, PlanChoice(owner="bob")) == 3
    assert "no account has the owner bob; similar owners: Bob." in capsys.readouterr().err
    assert not none.exists()
    unknown = world_of("odd")
    unknown.read(sub(1), replace(odd(sub(1)), owner="Bob"))
    assert await _write(unknown, none, PlanChoice(owner="Bob")) == 3
    assert [each["reason"] for each in _index(none)["withoutPlan"]] == ["malformed"]


async def test_the_accounts_without_an_owner_can_be_chosen(tmp_path: Path) -> None:
    """They are the most in many estates, and nobody asks for their plans by name."""
    out, none = tmp_path / "plans", tmp_path / "none"

    code = await _write(_estate(), out, PlanChoice(unowned=True))
    owned = World()
    owned.listed(sub(1), sub(2))
    owned.read(sub(1), replace(bad(sub(1)), owner="Ann"))
    owned.read(sub(2), gap=FORBIDDEN)

    index = _index(out)
    assert (code, [each["id"] for each in index["plans"]]) == (1, [bad(sub(2), "a").id.text])
    assert (index["selection"]["unowned"], index["compliant"]) == (True, 1)
    assert (out / "index.md").read_text().startswith("# 1 plan for the accounts without an owner\n")
    assert await _write(owned, none, PlanChoice(unowned=True)) == 3
    assert [each["reason"] for each in _index(none)["withoutPlan"]] == ["forbidden"]


NAMING_A_VAULT: Final = replace(
    bad(sub(1)), key_source="Microsoft.KeyVault", key_vault_uri="https://kv-gone.vault.azure.net/"
)
READ_IN_PART: Final = replace(EXPIRED, vault=Unread(FORBIDDEN, VAULT))


@pytest.mark.parametrize(
    ("choice", "account", "facts", "cell"),
    [
        (PlanChoice(), bad(sub(1)), None, None),
        (PlanChoice(vault="kv-gone"), bad(sub(1)), None, "`kv-gone` (not checked)"),
        (PlanChoice(), NAMING_A_VAULT, None, "`kv-gone` (not checked)"),
        (PlanChoice(), good(sub(1)), UNPROTECTED, "`kv-cmk` (exists)"),
        (PlanChoice(), good(sub(1)), VAULT_GONE, "`kv-cmk` (not found)"),
        (PlanChoice(), good(sub(1)), READ_IN_PART, "`kv-cmk` (not checked)"),
    ],
    ids=["new", "named by a person", "by the account", "read", "gone", "read in part"],
)
async def test_a_vault_exists_only_if_it_was_read(
    tmp_path: Path, choice: PlanChoice, account: Account, facts: KeyFacts | None, cell: str | None
) -> None:
    """A name proves nothing, and a plan stops if there is no such vault; one may recover it."""
    world = World(keys=ScriptedKeys({str(account.id): facts} if facts else {}))
    world.listed(sub(1))
    world.read(sub(1), account)

    await _write(world, tmp_path / "plans", choice)

    (plan,) = _index(tmp_path / "plans")["plans"]
    (row,) = re.findall(r"(?m)^\| \[1\].*", (tmp_path / "plans/index.md").read_text())
    assert row.split(" | ")[5] == (cell or f"`{plan['vault']['name']}`")
    assert plan["vault"]["isNew"] == (cell is None)


NO_SHAPE: Final = ("account", "malformed", False)
UNREAD: Final = ("subscription", "forbidden", False)


@pytest.mark.parametrize(
    ("world", "code", "expected"),
    [
        (world_of("good"), 0, []),
        (world_of("odd", "bad"), 1, [NO_SHAPE]),
        (world_of("odd"), 3, [NO_SHAPE]),
        (world_of("gap"), 3, [UNREAD]),
        (world_of("part"), 1, [UNREAD]),
        (world_of_keys("unknown", "healthy"), 3, [("account", "cannot_read", False)]),
        (world_of_exceptions("bad", accepted=[1]), 0, [("account", "microsoft_managed_key", True)]),
        (world_of_unread_group("bad"), 1, [("scan", "management_group_unread", False)]),
    ],
    ids=["compliant", "beside", "unknown", "unread", "part", "key", "accepted", "group unread"],
)
async def test_p1_what_has_no_plan_is_listed_with_its_reason(
    tmp_path: Path, world: World, code: int, expected: list[tuple[str, str, bool]]
) -> None:
    """Nothing disappears: an account that is left out must not look like one that is well."""
    out = tmp_path / "plans"

    assert await _write(world, out) == code

    listed = _index(out)["withoutPlan"]
    assert [(each["what"], each["reason"], each["accepted"]) for each in listed] == expected
    text = (out / "index.md").read_text()
    for each in listed:
        what = f"`{each['id']}`" if each["id"] else "| the scan"
        assert f"{what} | `{each['reason']}` |" in text
        assert each["message"]
    assert (out / "run.sh").exists() == (code == 1)
    if code == 1:
        assert "WITHOUT_PLAN=1\n" in (out / "run.sh").read_text()


async def test_what_a_plan_does_not_end_is_listed_with_what_to_do(tmp_path: Path) -> None:
    """Part of a way must not look like all of it."""
    out, world = tmp_path / "plans", world_of_keys("at_risk")
    nobody = replace(good(sub(1), "at_risk"), principal_id=None, identity_type="UserAssigned")
    world.read(sub(1), nobody)

    assert await _write(world, out) == 1

    index, text = _index(out), (out / "index.md").read_text()
    (plan,), (left,) = index["plans"], index["withoutPlan"]
    assert plan["reason"] == "vault_purge_protection_off"
    assert (left["what"], left["id"], left["name"]) == ("reason", plan["id"], "at_risk")
    prefix = "The account's plan does not fix this: "
    assert f"| `at_risk`: `{plan['id']}` | `identity_missing` | {prefix}" in text
    assert left["message"].endswith("grant the identity access to the key.")
    script = (out / "run.sh").read_text()
    assert f"printf '  %s\\n' '{plan['file']}'\nsummary\n" in script
    # The plan changes the vault, and nothing that Terraform knows of the account.
    assert ("TERRAFORM_WARNING=''\n" in script, "Terraform" in text) == (True, False)


async def test_an_exception_that_does_not_count_is_shown_beside_the_plan(tmp_path: Path) -> None:
    """Whoever is about to take a way without return wants to know that somebody waived it."""
    out = tmp_path / "plans"
    world = world_of_exceptions("bad", accepted=[1], mode=ExceptionMode.SHOW)

    assert await _write(world, out) == 1

    (each,) = _index(out)["plans"]
    assert each["accepted"].startswith("The exemption /subscriptions/")
    assert "The exemption /subscriptions/" in (out / "index.md").read_text()


async def test_a_scan_that_failed_writes_no_folder(tmp_path: Path, capsys: Output) -> None:
    """An empty folder would say that there is nothing to do."""
    world = world_of("bad")
    world.inventory.list_error = InventoryError(FORBIDDEN)

    assert await _write(world, tmp_path / "plans") == 3

    assert "no folder was written because the scan failed" in capsys.readouterr().err
    assert not (tmp_path / "plans").exists()


async def test_p10_hostile_names_are_text_in_every_file(tmp_path: Path) -> None:
    """A file name leads nowhere else, and the index shows the name and nothing more."""
    world = World()
    world.listed(sub(1))
    names = [
        name.replace("/", "_") for name in (*NAMES, "..", "-rf", "a|b`c``d") if "\x1b" not in name
    ]
    accounts = [_hostile(name) for name in names]
    world.read(sub(1), *accounts)
    out = tmp_path / "plans"

    await _write(world, out)

    plans, text = _index(out)["plans"], (out / "index.md").read_text()
    assert {each["name"] for each in plans} == set(names)
    for each in plans:
        assert re.fullmatch(r"plans/\d\d-[a-z0-9]+(-[a-z0-9]+)*\.sh", each["file"])
    assert all(line.isprintable() for line in (text + (out / "run.sh").read_text()).splitlines())
    rows = [line for line in text.splitlines() if re.match(r"\| \[\d", line)]
    # Apart from what is code, a row holds a link to the plan, and bars.
    bare = [re.sub(r"(`+) ?.*?(?<!`)\1(?!`)", "", row) for row in rows]
    assert len(rows) == len(names)
    assert {re.sub(r"\[\d+\]\(plans/[a-z0-9-]+\.sh\)", "", row) for row in bare} == {
        "|  |  |  |  |  |  |  |"
    }


def _hostile(name: str) -> Account:
    account_id = AccountId.parse(bad(sub(1)).id.text.replace("/chat", f"/{name}"))
    assert account_id is not None
    return replace(account(sub(1), "x"), id=account_id, owner=name)


@pytest.fixture
def temporary(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the temporary folder."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.mark.usefixtures("temporary")
def test_a_folder_is_whole_or_not_there(tmp_path: Path) -> None:
    """What looks like all plans must be all plans."""
    with pytest.raises(NotUsable):
        write_folder(tmp_path / "plans", {"index.md": "x", "plans/1.sh": "x", "index.md/x": "x"})

    assert not list(tmp_path.iterdir())


def test_nobody_elses_folder_is_written_over(tmp_path: Path, temporary: Path) -> None:
    """It may hold what somebody has changed in a plan, and what is done; nor is ours lost."""
    (tmp_path / "plans").mkdir()
    (tmp_path / "plans/state.txt").touch()

    with pytest.raises(NotUsable, match="not empty") as refused:
        write_folder(tmp_path / "plans", {"index.md": "x"})

    assert sorted(path.name for path in tmp_path.rglob("*")) == ["plans", "state.txt"]
    (index,) = temporary.rglob("*.md")
    assert str(refused.value).endswith(f" The plans are in {index.parent}.")
