"""``check``: what a Terraform plan deletes or takes away fails a pipeline, whatever the verdict."""

import json
from typing import Any, Final
from xml.etree import ElementTree as ET

import pytest

from tests.unit.cli.check_kit import (
    ACCOUNT,
    GREEN,
    GROUP,
    KEY,
    KEY_ID,
    KEY_RESOURCE,
    NESTED,
    TEMPLATE_RESOURCE,
    Check,
    Json,
    account,
    azapi,
    azurerm,
    change,
    key_of,
    plan,
    template,
)

BLOCK: Final = [{"key_vault_key_id": KEY_ID}]
ANEW, LOST, TAKEN = ["delete", "create"], "account_lost", "key_lost"
ENCRYPTED: Final = {"kind": "OpenAI", "properties": {"encryption": KEY}}
OUTSIDE: Final = f"{GROUP}/providers/{ACCOUNT}/outside"


def _with(entry: Json, **more: object) -> Json:
    return entry | {"change": entry["change"] | more}


def _of(kind: str, *actions: str, values: object = None, **more: object) -> Json:
    return change(kind, values, actions=actions) | more


def _azapi(before: object, after: object, *actions: str) -> Json:
    old, new = (azapi(each)["change"]["after"] for each in (before, after))
    return _with(azapi({}), actions=[*actions], before=old, after=new)


MADE_ANEW: Final = _with(
    azurerm(BLOCK, had=BLOCK, actions=ANEW), replace_paths=[["location"], ["identity", 0, "type"]]
)
FACE: Final = _azapi({"kind": "Face"}, None, "delete")
CHAT: Final = f"{GROUP}/providers/{ACCOUNT}/chat"
_PREDICTED: Final = {"resourceId": CHAT, "before": account(KEY)}
DOCUMENTS: Final[dict[str, tuple[Json, dict[str, str]]]] = {
    "deleted": (plan(azurerm(actions=["delete"])), {"azurerm_cognitive_account.x": LOST}),
    "deleted and created": (plan(MADE_ANEW), {"azurerm_cognitive_account.x": LOST}),
    "created and deleted": (
        plan(_with(MADE_ANEW, actions=["create", "delete"])),
        {"azurerm_cognitive_account.x": LOST},
    ),
    "a deposed object is deleted": (
        plan(azurerm(BLOCK), azurerm(actions=["delete"]) | {"deposed": "1"}),
        {"azurerm_cognitive_account.x (deposed)": LOST},
    ),
    "deleted by azapi": (plan(_azapi(ENCRYPTED, None, "delete")), {"azapi_resource.x": LOST}),
    "an action of azapi deletes it": (
        plan(azapi({}, "azapi_resource_action", method="DELETE", resource_id=OUTSIDE)),
        {"azapi_resource_action.x": LOST},
    ),
    "its template is deleted": (
        plan(
            _of(TEMPLATE_RESOURCE, "delete", values={"template_content": json.dumps(account(KEY))})
        ),
        {f"{TEMPLATE_RESOURCE}.x": LOST},
    ),
    "its kind leaves the scope": (
        plan(_azapi(ENCRYPTED, {"kind": "Face"}, *ANEW)),
        {"azapi_resource.x": LOST},
    ),
    "the block is removed": (plan(azurerm(had=BLOCK)), {"azurerm_cognitive_account.x": TAKEN}),
    "azapi leaves the key out": (
        plan(_azapi(ENCRYPTED, {"kind": "OpenAI", "properties": {}}, "update")),
        {"azapi_resource.x": TAKEN},
    ),
    "the key's resource is deleted": (
        plan(azurerm(), key_of(actions=["delete"])),
        {"azurerm_cognitive_account.x": TAKEN},
    ),
    "the key's resource is deleted, of an account outside the plan": (
        plan(key_of("outside", ["delete"])),
        {f"{KEY_RESOURCE}.x": TAKEN},
    ),
    "the key moves to another account": (
        plan(azurerm(), azurerm(at="y"), key_of("y", ANEW)),
        {"azurerm_cognitive_account.x": TAKEN},
    ),
    "the key's resource is deleted beside a block": (
        # Deleting it sets Microsoft's keys, whatever the block says.
        plan(azurerm(BLOCK, had=BLOCK), key_of(actions=["delete"])),
        {"azurerm_cognitive_account.x": TAKEN},
    ),
    "forgotten": (plan(azurerm(actions=["forget"])), {}),
    "a key's resource is forgotten": (plan(azurerm(), key_of(actions=["forget"])), {}),
    "a key's resource is made anew": (plan(azurerm(), key_of(actions=ANEW)), {}),
    "never had a key": (plan(azurerm()), {}),
    "another kind": (plan(FACE), {}),
    "another template": (
        plan(_of(TEMPLATE_RESOURCE, "delete", values={"template_content": '{"resources": []}'})),
        {},
    ),
    "a record of a deployment": (
        plan(_with(azapi(template(account()), type=f"{NESTED}@1"), actions=["delete"])),
        {},
    ),
    "what-if deletes it": (
        {"changes": [_PREDICTED | {"changeType": "Delete", "after": None}]},
        {CHAT: LOST},
    ),
    "what-if removes the key": (
        {"changes": [_PREDICTED | {"changeType": "Modify", "after": account()}]},
        {CHAT: TAKEN},
    ),
    "what-if deletes another kind": (
        {"changes": [_PREDICTED | {"changeType": "Delete", "before": account(kind="Face")}]},
        {},
    ),
    "a template": (template(account()), {}),
}


def _losses(result: Any) -> dict[str, str]:  # noqa: ANN401 - of the runner
    return {row["address"]: row["reason"] for row in json.loads(result.stdout)["losses"]}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_p1_what_a_plan_takes_from_an_account_is_an_error_of_its_own(
    check: Check, name: str
) -> None:
    """The plan that deletes the account and its data must not pass because a key follows."""
    document, losses = DOCUMENTS[name]

    result = check("a.json", "--format", "json", a=document)

    assert _losses(result) == losses
    assert result.exit_code == 1 or not losses


def test_a_loss_says_what_forces_it(check: Check) -> None:
    """Whoever reads the pipeline must find the attribute to leave alone."""
    result = check("a.json", "--format", "json", a=plan(MADE_ANEW))

    output = json.loads(result.stdout)
    (loss,) = output["losses"]
    assert [row["verdict"] for row in output["accounts"]] == [GREEN]
    assert (loss["file"], loss["line"], loss["name"], loss["kind"]) == ("a.json", 3, "x", "OpenAI")
    assert "(it is created again because of location, identity[0].type)" in loss["message"]
    assert "--allow-loss with the address" in loss["message"]


def test_only_its_address_allows_a_loss(check: Check) -> None:
    """An address that no plan uses must not stay, because it would allow the next loss."""
    both = plan(MADE_ANEW, azurerm(actions=["delete"], at="y"))
    x, y = (f"--allow-loss=azurerm_cognitive_account.{each}" for each in "xy")

    one = check("a.json", x, "--format", "json", a=both)
    every = check("a.json", x, y, a=both)
    none = check("a.json", x, a=plan(azurerm(BLOCK)))

    allowed = {row["address"][-1]: row["allowed"] for row in json.loads(one.stdout)["losses"]}
    assert allowed == {"x": True, "y": False}
    assert (one.exit_code, every.exit_code, none.exit_code) == (1, 0, 0)
    assert "azurerm_cognitive_account.x is not lost; remove --allow-loss" in " ".join(
        none.stderr.split()
    )


def test_an_allowed_loss_does_not_allow_a_violation(check: Check) -> None:
    """The account that loses its key is still one without a key."""
    result = check("a.json", "--allow-loss=azurerm_cognitive_account.x", a=plan(azurerm(had=BLOCK)))

    assert result.exit_code == 1


@pytest.mark.parametrize(("words", "is_allowed"), [((), False), (("--allow-loss=az.x",), True)])
def test_every_format_has_the_loss(
    check: Check, words: tuple[str, ...], *, is_allowed: bool
) -> None:
    """A reviewer may see only one of them."""
    document = plan(MADE_ANEW | {"address": "az.x"})

    table, sarif, junit = (
        check("a.json", "--format", each, *words, a=document).stdout
        for each in ("table", "sarif", "junit")
    )

    results = json.loads(sarif)["runs"][0]["results"]
    suite = ET.fromstring(junit)[0]  # noqa: S314 - our own
    assert "account_lost" in table
    assert "losses: 1" in table
    # Readers of SARIF take every result as a problem.
    assert [(each["ruleId"], each["level"]) for each in results] == [(LOST, "error")][is_allowed:]
    assert suite.get("failures") == ("0" if is_allowed else "1")
    assert suite.get("tests") == "2"
