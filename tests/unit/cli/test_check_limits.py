"""``check``: no document keeps a pipeline busy; what is too large to judge is unknown."""

# ruff: noqa: E501 - a document in a line
import json
import os
from pathlib import Path
from typing import Final

import pytest
from typer.testing import CliRunner

from cmk_check.cli import app
from cmk_check.limits import MAX_INPUT_BYTES
from tests.unit.cli.check_kit import (
    ACCOUNT,
    KEY,
    KEY_ID,
    KEY_RESOURCE,
    OPEN,
    Check,
    Json,
    account,
    azapi,
    azurerm,
    change,
    named,
    nested,
    plan,
    template,
)

DEEP: Final = "[" * 10_000 + "]" * 10_000


def _repeating(use: str) -> Json:
    """Variables each of which has the next one twice."""
    twice = {
        f"v{number}": dict.fromkeys("ab", f"[variables('v{number + 1}')]") for number in range(60)
    }
    key = use.replace("X", "variables('v0')")
    return template(account(named(key), f"[{key[1:-1]}]"), variables={**twice, "v60": "x"})


def _keys_of_anybody(number: int) -> Json:
    values = {"key_vault_key_id": f"{KEY_ID}{number}"}
    return change(KEY_RESOURCE, values, ["cognitive_account_id"], at=f"k{number}")


HEAVY: Final = {
    "variables that repeat each other": _repeating("[concat(X, X)]"),
    "long variables in many expressions": template(
        account(named(f"[concat({'variables(\'k\'), ' * 2_000}'')]")),
        variables={"k": "x" * 1_000_000},
    ),
    "variables in a long row": template(
        account(named("[variables('v0')]")),
        variables={f"v{each}": f"[variables('v{each + 1}')]" for each in range(2_000)},
    ),
    "a long id": {"changes": [{"resourceId": f"/providers/{ACCOUNT.lower()}/[" * 50_000}]},
    "names that only the deployment knows": template(
        *(account(KEY, f"a{each}") for each in range(1_500)),
        *(nested(f"n{each}", account(KEY, "[parameters('n')]"), n=f"[reference('{each}').a]") for each in range(1_500)),
    ),
    "keys of any account": plan(
        *(azurerm(at=f"a{each}") for each in range(3_000)), *map(_keys_of_anybody, range(60))
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HEAVY)
def test_p8_what_is_too_large_to_judge_is_unknown(check: Check, name: str) -> None:
    """A pipeline that waits for hours is switched off, and one that runs out of memory fails."""
    result = check("a.json", "--format", "json", a=HEAVY[name])

    (row,) = json.loads(result.stdout)["accounts"]
    assert (row["verdict"], result.exit_code) == (OPEN, 3)
    assert "too large to judge" in row["message"]


def test_a_long_list_of_accounts_is_unknown(check: Check) -> None:
    """A row for each entry would fill the memory."""
    result = check("a.json", "--format", "json", a=[{}] * 200_000)

    (row,) = json.loads(result.stdout)["accounts"]
    assert (row["verdict"], result.exit_code) == (OPEN, 3)


def test_a_long_id_is_not_searched_for_each_of_its_parts(check: Check) -> None:
    """It is longer than any of Azure's."""
    long = "/subscriptions/s/" + "/providers/microsoft.a/" * 100_000 + "\n"

    assert check("a.json", a=[{"id": long}]).exit_code == 3


def test_an_unclosed_string_is_not_searched_again_for_each_quote(check: Check) -> None:
    """Comments are looked for only outside strings."""
    assert check("a.json", a=b'{"a": ' + b'"\\' * 1_000_000).exit_code == 2


def test_a_call_within_many_calls_is_read(check: Check) -> None:
    """An id of what-if may be an expression of any depth."""
    inner = "x(" * 60_000 + ")" * 60_000
    cut_short = {"changeType": "Unsupported", "resourceId": f"[resourceId('{ACCOUNT}', {inner})]"}

    result = check("a.json", "--format", "json", a={"changes": [cut_short]})

    assert [row["verdict"] for row in json.loads(result.stdout)["accounts"]] == [OPEN]


def test_a_large_document_does_not_use_up_the_work_of_the_next(check: Check) -> None:
    """Each is judged as if it were alone."""
    result = check(
        "--format", "json", "a.json", "b.json", a=_repeating("[X]"), b=template(account())
    )

    verdicts = [row["verdict"] for row in json.loads(result.stdout)["accounts"]]
    assert verdicts == ["unknown", "non_compliant"]


@pytest.mark.parametrize(("text", "code"), [(DEEP, 2), (json.dumps(plan(azapi(DEEP))), 3)])
def test_many_levels_are_not_followed(check: Check, text: str, code: int) -> None:
    """Python gives up on them with a traceback."""
    result = check("a.json", a=text.encode())

    assert result.exit_code == code
    assert "bug" not in result.stderr


def test_only_regular_files_are_read(check: Check, tmp_path: Path) -> None:
    """A link in a pull request may lead to a device without an end."""
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "zero.json").symlink_to("/dev/zero")

    result = check("pipe.json", "zero.json", "--parameters", str(tmp_path))

    assert result.exit_code == 2
    assert result.stderr.count("cannot be read (not a regular file)") == 3


def test_standard_input_ends_at_the_largest_size() -> None:
    """A pipe does not say how much follows."""
    data = b" " * (MAX_INPUT_BYTES + 1)

    result = CliRunner().invoke(app, ["check", "-"], input=data)

    assert result.exit_code == 2
    assert "standard input: must have at most" in result.stderr
