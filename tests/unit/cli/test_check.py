"""``check``: what it says of templates, plans and existing accounts, without a network."""

# ruff: noqa: E501 - a document in a line
import json
from pathlib import Path
from typing import Any, Final

import pytest

from cmk_check.core.enums import Reason
from cmk_check.core.reasons.catalogue import VERDICT_REASONS
from tests.unit.cli.check_kit import (
    ACCOUNT,
    ANEW,
    BAD,
    BLOCK,
    DOCUMENTS,
    ENCRYPTED,
    EXISTING_ID,
    GREEN,
    GROUP,
    KEY,
    KEY_RESOURCE,
    LOST,
    MADE_ANEW,
    MORE,
    NESTED,
    OPEN,
    RED,
    SCHEMA,
    TAKEN,
    TEMPLATE_RESOURCE,
    Check,
    Json,
    account,
    azapi,
    azurerm,
    change,
    existing,
    key_of,
    linked,
    named,
    plan,
    template,
    what_if,
    with_change,
)


def _azapi(before: object, after: object, *actions: str) -> Json:
    old, new = (azapi(each)["change"]["after"] for each in (before, after))
    return with_change(azapi({}), actions=[*actions], before=old, after=new)


def _deletes(content: str) -> Json:
    return plan(change(TEMPLATE_RESOURCE, {"template_content": content}, actions=["delete"]))


OUTSIDE: Final = f"{GROUP}/providers/{ACCOUNT}/outside"
CHAT: Final = f"{GROUP}/providers/{ACCOUNT}/chat"
WAS: Final = {"resourceId": CHAT, "before": account(KEY)}
X: Final = "azurerm_cognitive_account.x"
LOSSES: Final[dict[str, tuple[Json, dict[str, str]]]] = {
    "deleted": (plan(azurerm(actions=["delete"])), {X: LOST}),
    "deleted and created": (plan(MADE_ANEW), {X: LOST}),
    "created and deleted": (plan(with_change(MADE_ANEW, actions=["create", "delete"])), {X: LOST}),
    "a deposed object is deleted": (plan(azurerm(BLOCK), azurerm(actions=["delete"]) | {"deposed": "1"}), {f"{X} (deposed)": LOST}),
    "deleted by azapi": (plan(_azapi(ENCRYPTED, None, "delete")), {"azapi_resource.x": LOST}),
    "an action of azapi deletes it": (plan(azapi({}, "azapi_resource_action", method="DELETE", resource_id=OUTSIDE)), {"azapi_resource_action.x": LOST}),
    "its template is deleted": (_deletes(json.dumps(account(KEY))), {f"{TEMPLATE_RESOURCE}.x": LOST}),
    "its kind leaves the scope": (plan(_azapi(ENCRYPTED, {"kind": "Face"}, *ANEW)), {"azapi_resource.x": LOST}),
    "the block is removed": (plan(azurerm(had=BLOCK)), {X: TAKEN}),
    "azapi leaves the key out": (plan(_azapi(ENCRYPTED, {"kind": "OpenAI", "properties": {}}, "update")), {"azapi_resource.x": TAKEN}),
    "the key's resource is deleted": (plan(azurerm(), key_of(actions=["delete"])), {X: TAKEN}),
    "the key's resource is deleted, of an account outside the plan": (plan(key_of("outside", ["delete"])), {f"{KEY_RESOURCE}.x": TAKEN}),
    "the key moves to another account": (plan(azurerm(), azurerm(at="y"), key_of("y", ANEW)), {X: TAKEN}),
    # Deleting it sets Microsoft's keys, whatever the block says.
    "the key's resource is deleted beside a block": (plan(azurerm(BLOCK, had=BLOCK), key_of(actions=["delete"])), {X: TAKEN}),
    "forgotten": (plan(azurerm(actions=["forget"])), {}),
    "a key's resource is forgotten": (plan(azurerm(), key_of(actions=["forget"])), {}),
    "a key's resource is made anew": (plan(azurerm(), key_of(actions=ANEW)), {}),
    "never had a key": (plan(azurerm()), {}),
    "another kind": (plan(_azapi({"kind": "Face"}, None, "delete")), {}),
    "another template": (_deletes('{"resources": []}'), {}),
    "a record of a deployment": (plan(with_change(azapi(template(account()), type=f"{NESTED}@1"), actions=["delete"])), {}),
    "what-if deletes it": ({"changes": [WAS | {"changeType": "Delete", "after": None}]}, {CHAT: LOST}),
    "what-if deletes what it also creates": ({"changes": [WAS | {"changeType": "Create", "after": account(KEY)}, WAS | {"changeType": "Delete"}]}, {CHAT: LOST}),
    "what-if removes the key": ({"changes": [WAS | {"changeType": "Modify", "after": account()}]}, {CHAT: TAKEN}),
    "what-if deletes another kind": ({"changes": [WAS | {"changeType": "Delete", "before": account(kind="Face")}]}, {}),
    "a template": (template(account()), {}),
}  # fmt: skip


def output_of(check: Check, document: object, *words: str, code: int | None = None) -> Any:  # noqa: ANN401
    """Check one document as a.json, and return the output in JSON."""
    result = check("a.json", "--format", "json", *words, a=document)
    assert code is None or result.exit_code == code
    return json.loads(result.stdout)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_p1_p2_an_account_is_judged_by_what_its_document_says(check: Check, name: str) -> None:
    """What is not known before the deployment is never called compliant."""
    document, verdicts = DOCUMENTS[name]

    output = output_of(check, document)

    assert [each["verdict"] for each in output["accounts"]] == verdicts
    is_bad = RED in verdicts or output["losses"]
    assert bool(output["empty"]) == (not verdicts and not is_bad)
    output_of(check, document, code=1 if is_bad else 3 if OPEN in verdicts else 0)


@pytest.mark.parametrize("name", LOSSES)
def test_p1_what_a_plan_takes_from_an_account_is_an_error_of_its_own(
    check: Check, name: str
) -> None:
    """The plan that deletes the account and its data must not pass because a key follows."""
    document, losses = LOSSES[name]

    output = output_of(check, document, code=1 if losses else None)

    assert {row["address"]: row["reason"] for row in output["losses"]} == losses


OPEN_PLAN: Final = plan(azurerm([{}], unknown=[True]))
LONG: Final = f"[format('{'x' * 500}')]"
PREDICTED: Final = account(named(LONG), name=LONG, id=f"[resourceId('{ACCOUNT}', {LONG[1:-1]})]")
INCOMPLETE: Final = plan(change("x", {})) | {"complete": False}
MESSAGES: Final[dict[str, tuple[object, str, str]]] = {
    "an open template": (template(account("[x()]")), "--parameters", "Encryption page"),
    "a template": (template(account()), "Set properties.encryption", "Encryption page"),
    "what-if": (what_if("Create", account("[x()]")), "a scan judges", "what-if --no-pretty"),
    "an open plan": (OPEN_PLAN, "when Terraform plans", "--parameters"),
    "a plan": (plan(azurerm()), "customer_managed_key, to a key.", "az "),
    "templates that are lacking": (
        template(*map(linked, "abcdefgh")),
        "lacks what this deploys, which may have accounts: resources[0]",
        "several resources",
    ),
    "a long expression": (template(account(named(LONG), LONG)), "[format('xxx", "x" * 120),
    "a long id": ({"predictedResources": [PREDICTED]}, "[format('xxx", "x" * 120),
    "an empty template": (template(), "a.json: contains no account.", "incomplete"),
    "other kinds": (template(account(kind="Face")), "but of kinds that CMK_KINDS", "complete"),
    "an incomplete plan": (INCOMPLETE, "an incomplete plan and shows no account", "contains"),
    "a replacement": (plan(MADE_ANEW), "because of location, identity[0].type)", "does not say"),
    "a bad name": ([existing(named("../x"))], "keyName is not the name of a key", "--parameters"),
    "no id": ([{"kind": "OpenAI"}], "no usable id", "--parameters"),
    "an empty list": ([], "Check both with `az account show`", "--parameters"),
    "a page of more": ({"value": [BAD], **MORE}, "Provide all pages", "--parameters"),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_fits_the_document(check: Check, name: str) -> None:
    """A plan takes no parameters, and an account that does not exist has no page."""
    document, present, absent = MESSAGES[name]

    result = check("a.json", "--format", "json", a=document)

    output = json.loads(result.stdout)
    rows = [row | {"id": None} for row in (*output["accounts"], *output["losses"])]
    text = " ".join(f"{rows} {result.stderr}".split())
    assert present in text
    assert absent not in text


ROWS: Final[dict[str, tuple[object, Json]]] = {
    "a plan": (plan(azurerm()), {"name": "x", "address": "azurerm_cognitive_account.x"}),
    "what-if": (
        what_if("Create", {"kind": "OpenAI", "name": "chat"}),
        {"name": "chat", "address": what_if("", None)["changes"][0]["resourceId"]},
    ),
    "templates that are lacking": (
        template(*map(linked, "abcdefgh")),
        {"name": "8 templates", "line": 4, "reason": "not_resolved"},
    ),
    "an existing account": (
        {"value": [BAD]},
        {
            "file": "a.json",
            "line": 3,
            "id": f"a.json#{EXISTING_ID.lower()}#Chat",
            "address": EXISTING_ID.lower(),
            "name": "Chat",
            "kind": "OpenAI",
            "verdict": RED,
            "reason": "microsoft_managed_key",
            "message": VERDICT_REASONS[Reason.MICROSOFT_MANAGED_KEY].text(),
        },
    ),
    "an entry without an id": ([{}], {"name": "[0]", "address": "[0]", "reason": "malformed"}),
    "a page of more": ({"value": [], **MORE}, {"name": "nextLink", "reason": "malformed"}),
}


@pytest.mark.parametrize("name", ROWS)
def test_each_account_has_the_name_and_place_by_which_its_document_calls_it(
    check: Check, name: str
) -> None:
    """A person must find it in the sources and in Azure, with the reason that a scan gives."""
    document, fields = ROWS[name]

    (row,) = output_of(check, document)["accounts"]

    assert row == row | fields


def _parameters(**values: object) -> Json:
    return {"$schema": f"{SCHEMA}Parameters.json#", "parameters": values}


MAIN: Final = template(account(named("[parameters('k')]")), parameters={"k": {}})


@pytest.mark.parametrize(
    "words", [("--parameters", "p.json", "main.json"), ("main.json", "main.parameters.json")]
)
def test_a_parameters_file_resolves_expressions(check: Check, words: tuple[str, ...]) -> None:
    """Both ways: named, and beside its template; what a key vault holds stays open."""
    given, secret = _parameters(K={"value": "cmk"}), _parameters(k={"reference": {}})

    known = check(*words, main=MAIN, p=given, **{"main.parameters": given})
    hidden = check(*words, main=MAIN, p=secret, **{"main.parameters": secret})

    assert (known.exit_code, hidden.exit_code) == (0, 3)
    assert "key vault" in hidden.stdout


@pytest.mark.parametrize("key", ["", "cmk"])
def test_of_two_values_of_a_parameter_the_last_counts(check: Check, key: str) -> None:
    """As with `az`; not the one that a set happens to name last."""
    given = ["no"] * 4 + [key]
    files = {f"p{number}": _parameters(k={"value": value}) for number, value in enumerate(given)}
    words = [word for name in files for word in ("--parameters", f"{name}.json")]

    assert check(*words, "main.json", main=MAIN, **files).exit_code == (0 if key else 1)


def test_parameters_without_a_template_are_refused(check: Check) -> None:
    """A person who mixes up two files must not get the answer for the defaults."""
    lone, swapped = check(a=_parameters()), check("a.json", "--parameters", "a.json", a=template())

    assert "also provide the template" in lone.stderr
    assert "must be a parameters file" in swapped.stderr
    assert (lone.exit_code, swapped.exit_code) == (2, 2)


def test_an_account_of_a_kind_in_scope_is_judged(check: Check) -> None:
    """The setting of a scan counts here, too."""
    document = template(account(kind="Face"))

    assert check(a=document, env={"CMK_KINDS": "Face"}).exit_code == 1


COMMENTED: Final = json.dumps(template(account(), contentVersion="http://x/*y*/"), indent=1)


@pytest.mark.parametrize("comment", ["// }\n", "// }\r\n", "/* }\n */", "/**/"])
def test_a_template_may_have_comments(check: Check, comment: str) -> None:
    """Azure's tools read them; a line number must stay right."""
    text = COMMENTED.replace('"type"', f'{comment} "type"')

    (row,) = output_of(check, text.encode())["accounts"]

    assert (row["verdict"], row["line"]) == (RED, 4)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16"], ids=["plain", "PowerShell 7", "PowerShell 5"]
)
def test_what_a_shell_wrote_is_read(check: Check, encoding: str) -> None:
    """`az ... > account.json` differs between shells, and people do not know."""
    text = json.dumps(BAD | {"name": "é"}, ensure_ascii=False)

    assert check(a=text.encode(encoding)).exit_code == 1


def test_names_that_may_differ_in_case_are_read(check: Check) -> None:
    """Tags and the values of Terraform are not Azure's names."""
    tags: Json = {"a": 1, "A": 2}
    modules: Json = {name: {"module": {}} for name in ("m", "M")}
    calls = {"configuration": {"root_module": {"module_calls": modules}}}

    accounts = output_of(check, template(account(KEY, tags=tags)), code=0)["accounts"]

    assert [row["verdict"] for row in accounts] == [GREEN]
    output_of(check, plan(azurerm()) | calls, code=1)
    output_of(check, plan(change("azapi_resource", {"tags": tags})), code=0)


REAL: Final = json.loads(Path(__file__).with_name("real_documents.json").read_text())


def test_no_public_document_is_called_compliant_unless_a_hand_says_so() -> None:
    """Each was judged by hand, then by the command; a document of its shape stands for it above."""
    assert len({(each["address"], each["form"]) for each in REAL}) == len(REAL) >= 30
    for each in REAL:
        _, verdicts = DOCUMENTS[each["shape"]]
        assert verdicts[:1] == ([] if each["command"] == "no account" else [each["command"]])
        assert each["command"] in {each["hand"], OPEN, "no account"}
