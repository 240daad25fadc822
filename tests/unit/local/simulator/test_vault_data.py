"""What a vault itself answers, and what becomes of one that is recovered."""

import json
from typing import Final

import pytest

from local.simulator import Estate, KeySpec, Vault, VaultSpec
from local.simulator.messages import Incoming, Reply
from local.simulator.tokens import Tokens
from local.simulator.vault_data import VaultData, is_of_vault
from local.simulator.vault_writes import put_vault

SUBSCRIPTION: Final = "5a0e0000-0000-4000-8000-000000000001"
AUDIENCE: Final = "https://vault.invalid"
HOST: Final = "kv-one.vault.invalid"


@pytest.fixture
def estate() -> Estate:
    """An estate with one vault, which has a key, and one that is soft-deleted."""
    estate = Estate()
    keys = (KeySpec(name="cmk"), KeySpec(name="gone", deleted=True))
    subscription = estate.add_subscription(SUBSCRIPTION, "One")
    subscription.vaults.add(VaultSpec(name="kv-one", group="rg", keys=keys))
    return estate


def _vault(estate: Estate) -> Vault:
    return estate.subscription(SUBSCRIPTION).vaults["kv-one"]


def _ask(  # noqa: PLR0913 - each is a part of a request, by keyword
    estate: Estate,
    path: str,
    *,
    method: str = "GET",
    body: object = None,
    audience: str = AUDIENCE,
    administrator: bool = True,
) -> Reply:
    tokens = Tokens(estate.tenant_id, estate.user_assigned, 60)
    who = tokens.identity(estate.administrator) if administrator else None
    incoming = Incoming(
        method=method,
        host=HOST,
        path=path,
        target=path,
        headers={"authorization": f"Bearer {tokens.issue(audience, who).value}"},
        body=json.dumps(body).encode(),
    )
    assert is_of_vault(incoming)
    return VaultData(estate, tokens).answer(incoming)


@pytest.mark.parametrize(
    ("audience", "administrator", "status"),
    [("https://management.azure.com", True, 401), (AUDIENCE, False, 403), (AUDIENCE, True, 200)],
)
def test_only_the_administrator_is_let_in(
    estate: Estate, audience: str, status: int, *, administrator: bool
) -> None:
    """A plan that is run without a right on keys fails here as on Azure."""
    reply = _ask(estate, "/keys", audience=audience, administrator=administrator)

    assert reply.status == status
    if status == 401:
        assert f'resource="{AUDIENCE}"' in reply.headers["WWW-Authenticate"]


def test_a_recovered_vault_has_its_keys_and_no_role_assignment(estate: Estate) -> None:
    """Azure deletes them with the vault, so a plan has to grant again."""
    subscription, vault = estate.subscription(SUBSCRIPTION), _vault(estate)
    kept = estate.grants.add(vault.id.rpartition("/providers/")[0], "Reader", "p")
    for scope in (vault.id, f"{vault.id}/keys/cmk"):
        estate.grants.add(scope, "Reader", "p")
    subscription.vaults.remove("kv-one")
    properties = {"tenantId": "t", "createMode": "recover"}
    incoming = Incoming(
        method="PUT",
        host="127.0.0.1",
        path="/",
        target="/",
        body=json.dumps({"location": "westeurope", "properties": properties}).encode(),
    )
    names = {"name": "KV-one", "group": "RG"}

    first, second = (put_vault(estate, subscription, names, incoming) for _ in range(2))

    assert (first.status, second.status) == (200, 404)
    assert [key.name for key in _vault(estate).keys] == ["cmk"]
    assert estate.grants.all() == [kept]
