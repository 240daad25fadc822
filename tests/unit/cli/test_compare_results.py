"""``--since`` and ``--exit-zero``: what is new, what was fixed, and what no option excuses."""

# ruff: noqa: E501 - a case in a line
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import pytest
from typer.testing import CliRunner

from cmk_check.cli import app
from cmk_check.cli.output_options import FailOn, Format, OutputOptions
from cmk_check.core.account import Subscription
from cmk_check.core.enums import ExceptionMode
from cmk_check.errors import NotUsable
from tests.fakes.world import World, bad, sub
from tests.unit.cli.check_kit import KEY, SCHEMA, Check, Json, account, azurerm, plan, template
from tests.unit.cli.scan_kit import scan, world_of, world_of_exceptions, world_of_keys

type Output = pytest.CaptureFixture[str]
NEW: Final = {FailOn.NEW, FailOn.NON_COMPLIANT, FailOn.UNKNOWN}
SHOW: Final = ExceptionMode.SHOW


async def _since(
    before: World, now: World, path: Path, capsys: Output, *, quiet: bool
) -> tuple[int, list[str]]:
    """Scan an estate twice; return the second exit code, and what is said of the difference."""
    file = path / "before.json"
    await scan(before, OutputOptions(Format.JSON, file=file))
    capsys.readouterr()
    options = OutputOptions(Format.CSV, since=file, fail_on=NEW, quiet=quiet)
    code = await scan(now, options)
    lines = capsys.readouterr().err.splitlines()
    said = ("new: ", "fixed: ", "violations: ")
    return code, [line.partition(" since ")[0] for line in lines if line.startswith(said)]


CASES: Final[dict[str, tuple[Callable[[], World], Callable[[], World], int, str]]] = {
    "an old violation": (lambda: world_of("bad"), lambda: world_of("bad"), 0, "0 new, 1 old; 0 fixed"),
    "a new one beside it": (lambda: world_of("bad", "good"), lambda: world_of("bad", "bad"), 1, "1 new, 1 old; 0 fixed"),
    "fixed": (lambda: world_of("bad", "bad"), lambda: world_of("good", "bad"), 0, "0 new, 1 old; 1 fixed"),
    "deleted": (lambda: world_of("bad", "bad"), lambda: world_of("empty", "bad"), 0, "0 new, 1 old; 1 fixed"),
    "not read now": (lambda: world_of("bad", "bad"), lambda: world_of("gap", "bad"), 3, "0 new, 1 old; 0 fixed"),
    "unknown now": (lambda: world_of("bad"), lambda: world_of("odd"), 3, "0 new, 0 old; 0 fixed"),
    "not listed now": (lambda: world_of("bad", "bad"), lambda: world_of("bad"), 0, "0 new, 1 old; 0 fixed"),
    "a gap before": (lambda: world_of("gap"), lambda: world_of("bad"), 1, "1 new, 0 old; 0 fixed"),
    "read before a gap": (lambda: world_of("part"), lambda: world_of("bad"), 1, "1 new, 0 old; 0 fixed"),
    "unknown before": (lambda: world_of("odd"), lambda: world_of("bad"), 1, "1 new, 0 old; 0 fixed"),
    "an exception that ended": (lambda: world_of_exceptions("bad", accepted=[1]), lambda: world_of_exceptions("bad", accepted=[]), 1, "1 new, 0 old; 0 fixed"),
    "an exception that is only shown": (lambda: world_of_exceptions("bad", accepted=[1], mode=SHOW), lambda: world_of_exceptions("bad", accepted=[1], mode=SHOW), 0, "0 new, 1 old; 0 fixed"),
    "an exception that is new": (lambda: world_of_exceptions("bad", accepted=[]), lambda: world_of_exceptions("bad", accepted=[1]), 0, "0 new, 0 old; 0 fixed"),
    "a broken key that counts": (lambda: world_of_keys("healthy", required=True), lambda: world_of_keys("healthy", "broken", required=True), 1, "1 new, 0 old; 0 fixed"),
    "a broken key from before": (lambda: world_of_keys("broken", required=True), lambda: world_of_keys("broken", required=True), 0, "0 new, 1 old; 0 fixed"),
    "a broken key that does not count": (world_of_keys, lambda: world_of_keys("broken"), 0, "0 new, 0 old; 0 fixed"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
async def test_p1_only_what_was_read_before_is_old(
    name: str, tmp_path: Path, capsys: Output
) -> None:
    """What is called old passes: nobody may not have seen it, and its number is always printed."""
    before, now, expected, numbers = CASES[name]

    code, lines = await _since(before(), now(), tmp_path, capsys, quiet=True)

    assert (code, lines[-1]) == (expected, f"violations: {numbers}")


async def test_what_is_new_and_fixed_is_named(tmp_path: Path, capsys: Output) -> None:
    """With its id, by which the owner finds it."""
    worlds = world_of("bad", "good"), world_of("good", "bad")

    _, lines = await _since(*worlds, tmp_path, capsys, quiet=False)

    assert lines[:2] == [
        f"new: chat: microsoft_managed_key, {bad(sub(2)).id}",
        f"fixed: chat: microsoft_managed_key, {bad(sub(1)).id}",
    ]


def _of_tenant(tenant: str) -> World:
    world = world_of("bad")
    world.inventory.listed = (Subscription(sub(1), "s", tenant),)
    return world


@pytest.mark.parametrize(
    ("before", "now", "subscriptions", "said"),
    [
        (world_of("bad", kinds={"face": "Face"}), world_of("bad"), (), "the same kinds"),
        (world_of("bad"), world_of("bad"), [sub(1)], "not single subscriptions"),
        (_of_tenant("t1"), _of_tenant("t2"), (), "must be of this tenant; it is of t1"),
    ],
    ids=["scope", "named subscriptions", "tenant"],
)
async def test_p1_a_result_that_cannot_be_compared_is_refused(
    before: World, now: World, subscriptions: Sequence[str], said: str, tmp_path: Path
) -> None:
    """What it lacks would be new, and what it has would not be fixed; and a scan takes minutes."""
    file = tmp_path / "before.json"
    await scan(before, OutputOptions(Format.JSON, file=file, subscriptions=subscriptions))

    with pytest.raises(NotUsable, match=said):
        await scan(now, OutputOptions(since=file))
    assert not now.inventory.reads


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"scope": []}', '{"findings": [{}]}'])
@pytest.mark.parametrize("command", ["scan", "check"])
def test_another_file_is_refused_before_the_work(command: str, text: str, tmp_path: Path) -> None:
    """A scan takes minutes."""
    file = tmp_path / "before.json"
    file.write_text(text)
    (tmp_path / "a.json").write_text(json.dumps(template(account(KEY))))
    words = [str(tmp_path / "a.json")] if command == "check" else []

    result = CliRunner().invoke(app, [command, *words, "--since", str(file)])

    assert (result.exit_code, result.stdout) == (2, "")
    assert "must be a result of the same command" in result.stderr


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("scan --fail-on new", "must be used with --since for new"),
        ("check a.json --fail-on new", "must be used with --since for new"),
        (f"scan --since a.json --subscription {sub(1)}", "must not be used with --subscription"),
        ("check a.json --fail-on broken_key", "must be a list of non_compliant, unknown, new"),
        (
            "scan --only loss",
            "must be a list of non_compliant, unknown, compliant, broken, at_risk",
        ),
        ("scan --limit -1", "must be a number of rows, or 0 for all"),
        ("check a.json --sort owner", "must be one of account, reason"),
    ],
)
def test_options_that_make_no_sense_are_refused(line: str, said: str) -> None:
    """Otherwise they would do nothing, silently."""
    result = CliRunner().invoke(app, line.split())

    assert result.exit_code == 2
    assert said in result.stderr


def _compared(check: Check, before: Json, now: Json, *words: str) -> tuple[int, str]:
    result = check("a.json", "--format", "json", a=before)
    Path("before.json").write_text(result.stdout)
    options = ("--since", "before.json", "--fail-on", "new", *words)
    result = check("a.json", *options, a=now)
    (line,) = [it for it in result.stderr.splitlines() if it.startswith("violations: ")]
    return result.exit_code, line.partition(" since")[0].removeprefix("violations: ")


CHAT: Final = template(account())
LATE: Final = template(account(name="[x()]"))
LINKED: Final = {"type": "Microsoft.Resources/deployments", "name": "n", "properties": {}}
CHECKED: Final[dict[str, tuple[Json, Json, int, str]]] = {
    "an old violation": (CHAT, CHAT, 0, "0 new, 1 old; 0 fixed"),
    "a new one": (CHAT, template(account(), account(name="b")), 1, "1 new, 1 old; 0 fixed"),
    "another name": (CHAT, template(account(name="b")), 1, "1 new, 0 old; 1 fixed"),
    "a name left open": (LATE, LATE, 1, "1 new, 0 old; 0 fixed"),
    "fixed": (CHAT, template(account(KEY)), 0, "0 new, 0 old; 1 fixed"),
    "unknown now": (CHAT, template(account("[x()]")), 3, "0 new, 0 old; 0 fixed"),
    "perhaps in what is not shown": (CHAT, template(LINKED), 3, "0 new, 0 old; 0 fixed"),
    "an old loss": (plan(azurerm(actions=["delete"])), plan(azurerm(actions=["delete"])), 1, "0 new, 0 old; 0 fixed"),
}  # fmt: skip


@pytest.mark.parametrize("name", CHECKED)
def test_p1_an_account_of_a_document_is_old_by_its_place_and_name(check: Check, name: str) -> None:
    """A name that is left open may be another one, and a loss is never old."""
    before, now, code, numbers = CHECKED[name]

    assert _compared(check, before, now) == (code, numbers)
    assert _compared(check, before, now, "--exit-zero")[0] == (code if "loss" in name else 0)


def test_a_check_is_not_compared_with_a_scan(check: Check) -> None:
    """Their violations have other names, so that all would be new."""
    Path("before.json").write_text('{"scope": {"command": ["scan"]}, "accounts": []}')

    assert "the same command" in check("a.json", "--since", "before.json", a=CHAT).stderr


@pytest.mark.parametrize(
    ("world", "code"),
    [
        (world_of("bad"), 0),
        (world_of("bad", "odd"), 0),
        (world_of("odd"), 0),
        (world_of_keys("unknown", required=True), 0),
        (world_of("bad", "gap"), 3),
        (world_of("part"), 3),
        (world_of(), 3),
    ],
    ids=["violation", "both", "unknown", "key", "gap", "part", "failed"],
)
async def test_p1_exit_zero_excuses_only_what_was_read(
    world: World, code: int, capsys: Output
) -> None:
    """A report passes; a scan that could not see must not."""
    plain = await scan(world)
    capsys.readouterr()

    assert await scan(world, OutputOptions(exit_zero=True)) == code

    last = capsys.readouterr().err.splitlines()[-1]
    said = f"cmk-check: --exit-zero changes the exit code from {plain} to {code}."
    assert (last == said) == (code != plain)


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (template(account(), account("[x()]", "b")), 0),
        (plan(azurerm(actions=["delete"])), 1),
        (b"x", 2),
        ([{}] * 200_000, 3),
    ],
    ids=["violation and unknown", "loss", "not usable", "too large"],
)
def test_p1_exit_zero_never_excuses_a_loss_or_what_was_not_read(
    check: Check, document: object, code: int
) -> None:
    """They are no old debt."""
    assert check("a.json", "--exit-zero", a=document).exit_code == code


def test_a_check_has_the_options_of_a_scan(check: Check, tmp_path: Path) -> None:
    """Who knows one command knows the other."""
    both = template(account(), account("[x()]", "b"), account(KEY, "c"))

    file = check("a.json", "-q", "--output", "r.xml", "--format", "junit", a=both)
    rows = check("a.json", "--only", "unknown", "--fail-on", "unknown").stdout.splitlines()
    fewer = check("a.json", "--limit", "1", "--sort", "account").stdout

    assert (file.exit_code, file.output) == (1, "")
    assert "<testsuites" in (tmp_path / "r.xml").read_text()
    assert rows[2].split()[:2] == ["unknown", "b"]
    assert rows[-1] == "accounts: 3: 1 compliant, 1 non_compliant, 1 unknown"
    assert "2 more: --limit 0 shows all" in fewer
    assert check("a.json", "--fail-on", "unknown").exit_code == 3


def test_folders_and_patterns_are_searched(check: Check, tmp_path: Path) -> None:
    """Windows has no shell that does it; what is no template there is named and ignored."""
    folder = tmp_path / "infra" / "modules"
    (folder / ".hidden").mkdir(parents=True)
    (folder / "main.json").write_text(json.dumps(CHAT))
    (folder / ".hidden" / "old.json").write_text("x")
    (folder / "package.json").write_text('{"name": "x"}')

    whole, pattern = check("infra"), check("infra/**/m*.json")
    (folder / "odd.json").write_text(json.dumps({"$schema": f"{SCHEMA}Template.json#"}))

    assert (whole.exit_code, pattern.exit_code) == (1, 1)
    assert "package.json: ignored" in whole.stderr
    assert "package" not in pattern.stderr
    assert check("infra").exit_code == 2
    assert "no JSON file was found" in check("infra/**/x*.json").stderr
