"""Whatever Azure answers becomes facts, and what accounts share is asked for once."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from cmk_check.core.account import Account
from cmk_check.core.keys.facts import Key, KeyFacts, Vault
from cmk_check.core.keys.permissions import suffices
from cmk_check.core.resource_id import AccountId
from cmk_check.core.unread import Unread
from cmk_check.inventory.keys.reader import AzureKeys
from tests.unit.inventory.fake_transport import Wire, clients_over

SUBSCRIPTION: Final = "8d3c0000-0000-4000-8000-000000000001"
GROUP: Final = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
PRINCIPAL: Final = "5e8d0000-0000-4000-8000-000000000001"
ROLE: Final = (
    "/providers/Microsoft.Authorization/roleDefinitions/12338af0-0e69-4776-bea7-57ae8d297424"
)
VERSION: Final = "a" * 32
USE: Final = [
    f"Microsoft.KeyVault/vaults/keys/{part}" for part in ("read", "wrap/action", "unwrap/action")
]
KINDS: Final = {
    "graph": re.compile(r"/providers/Microsoft\.ResourceGraph/resources"),
    "vault": re.compile(r".*/vaults/(?P<vault>[^/]+)"),
    "key": re.compile(r".*/keys/[^/]+"),
    "versions": re.compile(r".*/versions"),
    "version": re.compile(r".*/versions/[^/]+"),
    "grants": re.compile(r".*/roleAssignments"),
    "role": re.compile(r".*/roledefinitions/[^/]+", re.IGNORECASE),
    "scopes": re.compile(r".*/encryptionScopes"),
}


def _vault_id(name: str) -> str:
    return f"{GROUP}/providers/Microsoft.KeyVault/vaults/{name}"


def _kind(path: str) -> str:
    return next(kind for kind, pattern in KINDS.items() if pattern.fullmatch(path))


def _good(kind: str, path: str) -> object:
    """Answer as Azure would of a vault that exists under every name, with a key in use."""
    attributes = {"enabled": True, "created": 1_700_000_000}
    key: dict[str, object]
    key = {"attributes": attributes, "kty": "RSA", "keySize": 2048, "keyOps": ["wrapKey"]}
    key["rotationPolicy"] = {
        "lifetimeActions": [{"trigger": {"timeAfterCreate": "P1Y"}, "action": {"type": "rotate"}}],
        "attributes": {"expiryTime": "P2Y", "updated": 1_700_000_000},
    }
    assignment = {"principalId": PRINCIPAL, "roleDefinitionId": ROLE, "scope": GROUP}
    match = KINDS["vault"].fullmatch(path)
    uri = f"https://{match['vault'] if match else 'kv-0'}.vault.azure.net/"
    properties = {"vaultUri": uri, "enableRbacAuthorization": True, "enableSoftDelete": True}
    rows = [{"id": _vault_id("kv-0")}]
    answers: Mapping[str, object] = {
        "graph": {
            "totalRecords": 1,
            "resultTruncated": "false",
            "data": rows,
        },
        "vault": {"id": path, "properties": properties},
        "key": {"id": path, "properties": key},
        "versions": {"value": [{"name": VERSION, "properties": {"attributes": attributes}}]},
        "version": {"name": VERSION, "properties": key},
        "grants": {"value": [{"properties": assignment}]},
        "role": {"properties": {"permissions": [{"dataActions": USE}]}},
        "scopes": {"value": [{"name": "s", "properties": {"keySource": "Microsoft.KeyVault"}}]},
    }
    return answers[kind]


def _account(
    number: int = 0, *, vault: str = "kv-0", key: str = "cmk", pinned: bool = False
) -> Account:
    account_id = AccountId.parse(
        f"{GROUP}/providers/Microsoft.CognitiveServices/accounts/a{number}"
    )
    assert account_id is not None
    return Account(
        account_id,
        "OpenAI",
        key_name=key,
        key_version=VERSION if pinned else None,
        key_vault_uri=f"https://{vault}.vault.azure.net/",
        principal_id=PRINCIPAL,
    )


def _read(odd: Mapping[str, object]) -> KeyFacts:
    """Read one account where some kinds of requests are answered otherwise."""
    account = _account(pinned=True)

    async def read() -> KeyFacts:
        wire = Wire(lambda _, path: odd.get(_kind(path), _good(_kind(path), path)))
        facts = await AzureKeys(clients_over(wire)).read([account], {}, seconds=5)
        return facts[account.id.text]

    return asyncio.run(read())


def _part(facts: KeyFacts, kind: str) -> object:
    versions = facts.key.versions if isinstance(facts.key, Key) else facts.key
    return {
        "graph": facts.vault,
        "vault": facts.vault,
        "key": facts.key,
        "versions": versions,
        "version": versions,
        "grants": facts.grants,
        "role": facts.grants,
        "scopes": facts.scopes,
    }[kind]


def test_what_azure_answers_arrives() -> None:
    """The examples below change one part of an answer that is good as a whole."""
    facts = _read({})

    assert [isinstance(_part(facts, kind), Unread) for kind in KINDS] == [False] * len(KINDS)
    assert isinstance(facts.grants, tuple)
    assert suffices(facts.grants)
    assert isinstance(facts.key, Key)
    assert facts.key.next_rotation_at == datetime(2024, 11, 14, 22, 13, 20, tzinfo=UTC)


JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)


@settings(max_examples=60)
@given(data=st.data(), kind=st.sampled_from(sorted(KINDS)))
def test_no_part_of_an_answer_raises_p7(data: st.DataObject, kind: str) -> None:
    """P7: also deep inside, any part may be absent, null or of another type."""
    document = json.loads(json.dumps(_good(kind, _vault_id("kv-0"))))
    inner = document
    while isinstance(inner, dict | list) and inner:
        at = data.draw(st.sampled_from(sorted(inner) if isinstance(inner, dict) else [0]))
        if data.draw(st.booleans()) or not isinstance(inner[at], dict | list):
            inner[at] = data.draw(JSON)
            break
        inner = inner[at]

    facts = _read({kind: document})

    others = {"graph": "scopes", "vault": "scopes"}.get(kind, "vault")
    assert not isinstance(_part(facts, others), Unread)


async def test_a_thousand_accounts_cost_what_their_vaults_and_keys_do_p8() -> None:
    """P8: Azure counts requests by subscription, and vaults often share one."""
    accounts = [
        _account(number, vault=f"kv-{number % 10}", key=f"cmk-{number // 10 % 2}")
        for number in range(1_000)
    ]
    rows = [{"id": _vault_id(f"kv-{number}")} for number in range(10)]
    graph = {"totalRecords": 10, "resultTruncated": "false", "data": rows}
    wire = Wire(lambda _, path: graph if _kind(path) == "graph" else _good(_kind(path), path))

    facts = await AzureKeys(clients_over(wire)).read(accounts, {}, seconds=60)

    assert all(isinstance(each.vault, Vault) for each in facts.values())
    assert all(isinstance(f.grants, tuple) and suffices(f.grants) for f in facts.values())
    assert Counter(_kind(path) for _, path, _ in wire.asked) == {
        "graph": 1,
        "vault": 10,
        "key": 20,
        "grants": 20,
        "role": 1,
        "scopes": 1_000,
    }
