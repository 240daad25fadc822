"""``doctor --report``: each assumption broken in turn, and nothing that identifies an estate."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

import pytest

from cmk_check.core.text import GUID
from cmk_check.doctor import assumptions
from cmk_check.doctor.examined_app import DoctorSubject
from cmk_check.doctor.results import Mark
from local.simulator import (
    CMK_POLICY,
    AccountSpec,
    Answer,
    Estate,
    Fault,
    KeySpec,
    PolicyObject,
    PolicyType,
    Simulator,
    VaultSpec,
    VersionSpec,
    arm_error,
    builtin_id,
)
from tests.functional.doctor_kit import Line, lines_about, trust_here
from tests.functional.estate_kit import sub_id
from tests.guard.documents import ROOT

TENANT: Final = "7d9b1c52-3f0e-4a68-b1c7-5e20d4f8a396"
GROUP: Final = "Contoso Secret Bank"
CORP: Final = "mg-contoso-corp"
AT_CORP: Final = f"/providers/Microsoft.Management/managementGroups/{CORP}"
VERSION: Final = "f" * 32
ROTATION: Final = {
    "attributes": {"expiryTime": "P2Y"},
    "lifetimeActions": [{"trigger": {"timeAfterCreate": "P1Y"}, "action": {"type": "rotate"}}],
}
PLANNED: Final = "cmk-0123456789abcdef"
ACTIONS: Final = list(
    dict.fromkeys(
        action
        for some in json.loads((ROOT / "infra/scope/actions.json").read_text()).values()
        for action in some
    )
)
UNREACHABLE: Final = {"sign-in-variable", "policy-patch", "sentinel", "deployment", "late-lines"}
SETTINGS: Final = {"CMK_MANAGEMENT_GROUP": CORP}


def _key(vault: str, name: str = "cmk", **more: str) -> dict[str, object]:
    domain = "managedhsm" if vault.startswith("hsm") else "vault"
    uri = f"https://{vault}.{domain}.azure.net/"
    return {
        "keySource": "Microsoft.KeyVault",
        "keyVaultProperties": {"keyName": name, "keyVaultUri": uri, **more},
    }


def _estate() -> Estate:
    """Make an estate in which every assumption can be seen, and every action is needed."""
    estate = Estate(TENANT)
    here = estate.add_subscription(sub_id(1), GROUP)
    here.management_groups = (CORP, TENANT)
    keys = (
        KeySpec(name="cmk"),
        KeySpec(name=PLANNED, policy=ROTATION, rotates=False),
        KeySpec(name="pinned", versions=(VersionSpec(version=VERSION), VersionSpec())),
    )
    closed: dict[str, object] = {
        "networkAcls": {"defaultAction": "Deny", "bypass": "AzureServices"}
    }
    vaults: dict[str, dict[str, object]] = {
        "kv-roles": {"enableRbacAuthorization": True},
        "kv-closed": closed,
        "kv-pinned": {},
        "kv-planned": {},
    }
    for vault, settings in vaults.items():
        here.vaults.add(VaultSpec(name=vault, group="rg-keys", keys=keys, properties=settings))
    here.vaults.add(VaultSpec(name="hsm-one", group="rg-keys", keys=keys, hsm=True))
    encryption = {
        "chat-roles": _key("kv-roles"),
        "chat-closed": _key("kv-closed"),
        "chat-pinned": _key("kv-pinned", "pinned", keyVersion=VERSION),
        "chat-planned": _key("kv-planned", PLANNED),
        "chat-hsm": _key("hsm-one", "pinned", keyVersion=VERSION),
        "chat-bad": {"keySource": "Microsoft.CognitiveServices"},
    }
    for name, each in encryption.items():
        spec = AccountSpec(
            name=f"contoso-{name}", group="rg-contoso", encryption=each, identity="system"
        )
        added = here.add_account(spec)
        estate.grants.add(
            f"/subscriptions/{here.id}", "Key Vault Crypto User", added.principal_id or ""
        )
    set_ = estate.policies.add_set(AT_CORP, "contoso-set", {"cmk": builtin_id(CMK_POLICY)})
    assigned = estate.policies.assign(AT_CORP, "contoso-cmk", set_.id)
    estate.policies.exempt(AT_CORP, "contoso-waiver", assigned.id)
    return estate


@pytest.fixture
def azure(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """Return a simulated Azure, for this process."""
    with Simulator(_estate()) as simulator:
        trust_here(simulator, monkeypatch)
        yield simulator


async def _report(azure: Simulator, **settings: str) -> tuple[dict[str, Any], list[Line]]:
    """Return the report and the lines before it."""
    subject = DoctorSubject.of(azure.environment() | SETTINGS | settings)
    subject.most = 50
    try:
        lines = await lines_about(subject)
        document, _ = await assumptions.report(subject)
    finally:
        await subject.close()
    return json.loads(json.dumps(document)), lines


def _results(document: Mapping[str, Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"proved": [], "refuted": [], "not_reached": []}
    for name, each in document["assumptions"].items():
        found[each["result"]].append(name)
    return found


async def test_what_holds_is_proved_and_the_rest_is_named(azure: Simulator) -> None:
    """The first run on a tenant says what it has shown, and what a person must try."""
    document, lines = await _report(azure)

    results = _results(document)
    assert results["refuted"] == []
    assert set(results["not_reached"]) == UNREACHABLE
    assert {a for a, state in document["actions"].items() if state != "works"} == set()
    # That of changes shows itself in the longer look of the report.
    assert (
        Mark.OK,
        "actions",
        f"{len(ACTIONS) - 1} of {len(ACTIONS)} actions of the role work.",
    ) in lines
    assert {request.method for request in azure.requests} == {"GET", "POST"}
    assert {r.path for r in azure.requests if r.method == "POST"} == {
        "/providers/Microsoft.ResourceGraph/resources"
    }


def _no_changes(azure: Simulator) -> None:
    azure.estate.denials.add("Microsoft.Resources/changes/read")
    chat = azure.estate.subscription(sub_id(1)).accounts["contoso-chat-bad"]
    for name in ("properties.dateCreated", "systemData.createdAt"):
        chat.set(name, f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.0000000Z}")


def _without_rotation(azure: Simulator) -> None:
    vault = azure.estate.subscription(sub_id(1)).vaults["kv-planned"]
    key = vault.key(PLANNED)
    assert key is not None
    key.policy = None


def _odd_rotation(azure: Simulator) -> None:
    vault = azure.estate.subscription(sub_id(1)).vaults["kv-planned"]
    key = vault.key(PLANNED)
    assert key is not None
    key.policy = {"lifetimeActions": [{"kind": "Contoso"}]}


def _lacking(type_: str) -> Callable[[Simulator], None]:
    return lambda azure: azure.arm.operations.lacking.add(type_)


def _fault(path: str, then: Answer) -> Callable[[Simulator], None]:
    return lambda azure: azure.faults.add(Fault(path=path, then=then))


def _forbidden(vault: str, code: str) -> Callable[[Simulator], None]:
    said = "[Forbidden] Caller is not authorized. Action: 'Microsoft.KeyVault/vaults/keys/read'"
    return _fault(f"*/vaults/{vault}/keys/*", arm_error(400, code, said))


_BREAKS: Final[list[tuple[str, Callable[[Simulator], None]]]] = [
    ("keys-with-roles", _forbidden("kv-roles", "ForbiddenByRbac")),
    ("keys-behind-firewall", _forbidden("kv-closed", "ForbiddenByFirewall")),
    ("rotation-policy", _without_rotation),
    ("rotation-policy", _odd_rotation),
    ("role-actions", _lacking("Microsoft.KeyVault/managedHSMs")),
    ("changes-read", _no_changes),
    ("group-exemptions", _fault("/subscriptions/*/policyExemptions", Answer(body={"value": []}))),
    ("policy-versions", _fault("*/policySetDefinitions/*", arm_error(404, "InvalidResourceType"))),
]


@pytest.mark.parametrize(
    ("name", "break_it"), _BREAKS, ids=[f"{n} {name}" for n, (name, _) in enumerate(_BREAKS)]
)
async def test_an_assumption_that_is_broken_is_refuted_by_name(
    azure: Simulator, name: str, break_it: Callable[[Simulator], None]
) -> None:
    """And no other is: the first tenant must not send us after what holds."""
    break_it(azure)

    document, _ = await _report(azure)

    assert _results(document)["refuted"] == [name]


AZURE: Final = {"WEBSITE_HOSTNAME": "app.azurewebsites.net"}
ENTRA: Final = AZURE | {"CMK_HTTP_AUTH": "entra"}


@pytest.mark.parametrize(
    ("environ", "result"),
    [
        ({}, "not_reached"),
        (AZURE, "not_reached"),
        (ENTRA, "refuted"),
        (ENTRA | {"WEBSITE_AUTH_ENABLED": "True"}, "proved"),
    ],
)
async def test_what_the_platform_sets_is_seen_on_azure_alone(
    environ: dict[str, str], result: str
) -> None:
    """A laptop cannot tell what the plan sets."""
    outcome = await assumptions.PROBES["sign-in-variable"](DoctorSubject.of(environ))

    assert outcome[0] == result


def test_every_assumption_that_reading_can_show_is_broken_above() -> None:
    """A probe that cannot refute proves nothing."""
    assert {name for name, _ in _BREAKS} == assumptions.PROBES.keys() - {"sign-in-variable"}


# A vault that may not be read is in no answer, as one that is gone: the check of keys says so.
_HIDDEN: Final = {
    "Microsoft.Resources/changes/read",
    "Microsoft.KeyVault/vaults/read",
    "Microsoft.KeyVault/managedHSMs/read",
}


@pytest.mark.long
@pytest.mark.parametrize("action", ACTIONS)
async def test_an_action_that_is_missing_is_named(azure: Simulator, action: str) -> None:
    """Each of the role's actions: the person who grants must not find them one at a time."""
    azure.estate.denials.add(action)

    document, lines = await _report(azure)

    (named,) = [text for _, check, text in lines if check == "actions" and action in text]
    if action == "Microsoft.Resources/changes/read":
        assert named.startswith("Not tried for the watch for changes: ")
    elif action in _HIDDEN:
        assert named.startswith(f"May be missing for key health: {action};")
    else:
        assert re.match(rf"Missing for [\w ]+: {action}\. Grant", named)
    states = document["actions"]
    assert states[action] == ("not_tried" if action in _HIDDEN else "missing")
    assert [name for name, state in states.items() if state == "missing" and name != action] == []
    assert _results(document)["refuted"] == []


def _names(azure: Simulator) -> set[str]:
    """Return every name and id in the estate."""
    estate = azure.estate
    found: set[str] = {estate.tenant_id, azure.url, azure.identity_header}
    documents: list[object] = [
        each.document() for kind in PolicyType for each in _made(azure, kind)
    ]
    for subscription in estate.subscriptions:
        found |= {subscription.id, subscription.name, *subscription.management_groups}
        for account in subscription.accounts.values():
            found |= {account.name, account.group}
            documents += [account.document(), account.principal_id]
        for vault in subscription.vaults.ever:
            found |= {vault.name, vault.group, *(key.name for key in vault.keys)}
            documents.append(vault.document())
    ids = re.finditer(rf"{GUID}|[\w.-]+@[\w.-]+|https?://[^\"\s]+", json.dumps(documents))
    found |= {each[0] for each in ids}
    # Some estates have names that are words of the report in every estate.
    fixed = " ".join((*ACTIONS, *map(str, assumptions.texts().values()))).lower()
    return {name for name in found if name.lower() not in fixed}


def _made(azure: Simulator, kind: PolicyType) -> list[PolicyObject]:
    policies = azure.estate.policies.of_type(kind)
    return [each for each in policies if "BuiltIn" not in str(each.document())]


def _hostile(status: int) -> Answer:
    said = (
        f"alice@contoso.example may not perform action 'Contoso.Secret/{sub_id(1)}/read' in "
        f"{TENANT}; the supported api-versions are 'contoso-2026'"
    )
    return arm_error(status, "contoso-secret-code", said)


@pytest.mark.parametrize("status", [200, 400, 403])
async def test_p6_the_report_names_nothing_and_nobody(azure: Simulator, status: int) -> None:
    """The first user sends it to strangers, whatever the estate is called and Azure says."""
    hostile = "contoso\u202e</script>\x1b[31m"
    azure.estate.add_subscription(sub_id(2), hostile)
    if status != HTTPStatus.OK:
        lists = r"re:/subscriptions(/[^/]+/providers/microsoft\.cognitiveservices/accounts)?"
        azure.faults.add(Fault(path=lists), Fault(path="/subscriptions/*", then=_hostile(status)))
        azure.faults.add(Fault(path="/providers/*", then=_hostile(status)))

    document, _ = await _report(azure)

    text = json.dumps(document, ensure_ascii=False)
    assert [name for name in _names(azure) if name.lower() in text.lower()] == []
    assert not re.search(
        rf"contoso|{GUID}|https?:|127\.0|@|/subscriptions/[0-9]", text, re.IGNORECASE
    )
    assert len(document["assumptions"]) == len(assumptions.texts())


def _denied(what: str, scope: str = "/") -> Callable[[Simulator], object]:
    return lambda azure: azure.estate.denials.add(f"Microsoft.Authorization/{what}/read", scope)


@pytest.mark.parametrize(
    ("hide_it", "hidden"),
    [
        (_denied("policyAssignments"), {"policy-versions"}),
        (
            _denied("policyExemptions", f"/subscriptions/{sub_id(1)}"),
            {"policy-versions", "group-exemptions"},
        ),
        (_fault("*/providerOperations/*", Answer(body="<html>")), {"role-actions"}),
    ],
    ids=["a part was seen", "a subscription hides its own", "the probe breaks"],
)
async def test_p11_what_cannot_be_seen_proves_and_refutes_nothing(
    azure: Simulator, hide_it: Callable[[Simulator], object], hidden: set[str]
) -> None:
    """The other results are still worth sending."""
    hide_it(azure)

    document, _ = await _report(azure)

    results = _results(document)
    assert results["refuted"] == []
    assert set(results["not_reached"]) - UNREACHABLE == hidden
