"""Estates of any size for benchmarks: the same seed gives the same estate."""

import random
import uuid
from dataclasses import replace
from typing import Final

from local.simulator.accounts import ABSENT, AccountSpec
from local.simulator.estate import Estate, Subscription
from local.simulator.policies import CMK_POLICY, builtin_id
from local.simulator.tokens import Identity
from local.simulator.vault_documents import KeySpec, VaultSpec

_LOCATIONS: Final = ("westeurope", "northeurope", "swedencentral", "eastus2", "uksouth")
_TEAMS: Final = ("claims", "fraud", "legal", "support", "search", "research")
_VAULTS: Final = 10
_KEYS: Final = 20
_KINDS: Final = ("OpenAI", "OpenAI", "OpenAI", "AIServices", "SpeechServices")


def generate(
    *, subscriptions: int, accounts: int, seed: int = 1, big_every: int = 10, keys: bool = False
) -> Estate:
    """Make an estate of readable subscriptions with this many accounts each.

    Every ``big_every``-th account is a Microsoft Foundry account of 41 KB. One in five of the
    others has a kind without Azure OpenAI. Verdicts are mixed. With ``keys``, the first
    subscription has the keys of all accounts, 20 in 10 vaults, and an identity of each team may use
    them. The built-in policy is assigned to all subscriptions, without an exemption.
    """
    # Not random enough for secrets: a seed must always give the same estate.
    rng = random.Random(seed)
    estate = Estate(str(_guid(rng)))
    root = f"/providers/Microsoft.Management/managementGroups/{estate.tenant_id}"
    estate.policies.assign(root, "customer-managed-keys", builtin_id(CMK_POLICY))
    for number in range(subscriptions):
        added = estate.add_subscription(_guid(rng), f"Subscription {number:05d}")
        if keys and number == 0:
            _add_vaults(estate, added)
        for place in range(accounts):
            total = number * accounts + place
            spec = _account(rng, total, big=total % big_every == big_every - 1)
            if keys:
                spec = _with_key(spec, total)
            added.add_account(spec)
    return estate


def _add_vaults(estate: Estate, subscription: Subscription) -> None:
    for number in range(_VAULTS):
        names = range(number, _KEYS, _VAULTS)
        vault = subscription.vaults.add(
            VaultSpec(
                name=f"kv-{number}",
                group="rg-keys",
                keys=[KeySpec(name=f"key-{name}") for name in names],
                properties={"enableRbacAuthorization": True},
            )
        )
        for team in _TEAMS:
            estate.grants.add(vault.id, "Key Vault Crypto User", Identity.named(team).object_id)


def _with_key(spec: AccountSpec, number: int) -> AccountSpec:
    """Let an account that names a key use one of those that exist, as its team's identity."""
    encryption = spec.encryption
    named = encryption.get("keyVaultProperties") if isinstance(encryption, dict) else None
    if not named or not named["keyName"]:
        return spec
    team = spec.group.removeprefix("rg-")
    key = {
        "keyName": f"key-{number % _KEYS}",
        "keyVaultUri": f"https://kv-{number % _VAULTS}.vault.azure.net/",
        "identityClientId": Identity.named(team).client_id,
    }
    return replace(
        spec,
        identity=f"user:{team}",
        encryption={"keySource": "Microsoft.KeyVault", "keyVaultProperties": key},
    )


def _guid(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _account(rng: random.Random, number: int, *, big: bool) -> AccountSpec:
    team = rng.choice(_TEAMS)
    return AccountSpec(
        name=f"{team}-{number:06d}",
        group=f"rg-{team}",
        kind="AIServices" if big else rng.choice(_KINDS),
        location=rng.choice(_LOCATIONS),
        encryption=_encryption(rng),
        identity="system",
        tags={"owner": f"team-{team}", "environment": rng.choice(("prod", "test"))},
        big=big,
    )


def _encryption(rng: random.Random) -> object:
    key = {
        "keyName": f"key-{rng.randrange(1000)}",
        "keyVersion": f"{rng.getrandbits(128):032x}",
        "keyVaultUri": f"https://kv-{rng.randrange(1000)}.vault.azure.net/",
    }
    choices: tuple[object, ...] = (
        ABSENT,
        {"keySource": "Microsoft.CognitiveServices"},
        {"keySource": "Microsoft.KeyVault", "keyVaultProperties": {**key, "keyName": ""}},
        {"keySource": "Microsoft.Unheard"},
        {"keySource": "Microsoft.KeyVault", "keyVaultProperties": key},
    )
    return rng.choices(choices, weights=(20, 8, 1, 1, 70))[0]
