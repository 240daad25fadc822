"""Checks of what stands beside verdicts: whether it can be read for a few accounts.

A scan reads it for all of them; reading the whole estate would keep a person waiting.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from cmk_check.core.account import Account
from cmk_check.core.aspects.aspect import AllJudged
from cmk_check.core.aspects.data_stores import DATA_STORES
from cmk_check.core.aspects.exceptions import EXCEPTION
from cmk_check.core.aspects.key_health import KEY_HEALTH
from cmk_check.core.comparison.judge_accounts import accounts_of
from cmk_check.core.data_stores.judge_data import stores_of
from cmk_check.core.enums import StoreType
from cmk_check.core.gap import Gap
from cmk_check.core.keys.facts import Key, KeyFacts, Vault
from cmk_check.core.keys.vault import is_closed
from cmk_check.core.unread import Unread
from cmk_check.doctor.examined_app import DoctorSubject
from cmk_check.doctor.results import Mark, MarkedText, NotTried, problems
from cmk_check.inventory.api_versions import ASSIGNMENTS, EXEMPTIONS, HSM_KEYS, KEYS, PROJECTS, SETS
from cmk_check.inventory.gaps import (
    READ_EXEMPTIONS,
    READ_POLICY_ASSIGNMENTS,
    READ_POLICY_SETS,
    READ_PROJECTS,
    READ_STORES,
)
from cmk_check.limits import DOCTOR_SAMPLE_SECONDS, DOCTOR_SAMPLED

_STORES: Final = {
    StoreType.STORAGE_ACCOUNT: "Storage accounts",
    StoreType.COSMOS_DB: "Cosmos DB accounts",
    StoreType.SEARCH_SERVICE: "search services",
    StoreType.ML_WORKSPACE: "Machine Learning workspaces",
}


def sample(subject: DoctorSubject, subscription_id: str, judged: AllJudged) -> None:
    """Remember a few accounts of a subscription, for each of the checks below."""
    for account in accounts_of(KEY_HEALTH, judged):
        if len(subject.sampled) < DOCTOR_SAMPLED:
            subject.sampled.setdefault(_vault(account).lower(), account)
    violating = accounts_of(EXCEPTION, judged)
    if violating and len(subject.violating) < DOCTOR_SAMPLED:
        subject.violating[subscription_id] = [account.id for account in violating]
    for account in accounts_of(DATA_STORES, judged):
        names_some = account.places.has_projects or account.places.places
        if names_some and len(subject.with_data) < DOCTOR_SAMPLED:
            subject.with_data.append(account)


async def keys(subject: DoctorSubject) -> Sequence[MarkedText]:
    """Read the facts of the keys of at most five accounts, each in another vault, as a scan does.

    One line for each cause, with the missing action and the vault's subscription. For one key it
    says whether Azure Resource Manager let it be read although roles decide in its vault, or
    although the vault's firewall is closed. Not with `CMK_KEY_HEALTH=off`.
    """
    if not subject.settings.key_health:
        return []
    accounts = tuple(subject.sampled.values())
    if not accounts:
        raise NotTried("None of the accounts that could be read has a customer-managed key.")
    inventory = await subject.keys()
    read = await inventory.read(accounts, {}, seconds=DOCTOR_SAMPLE_SECONDS)
    facts = [(account, read[account.id.text]) for account in accounts]
    seen = sum(not _unread(of_key) for _, of_key in facts)
    text = f"{seen} of {len(accounts)} sampled keys can be read."
    results: list[MarkedText] = [(Mark.OK, text)] if seen else []
    if example := next(filter(None, (_example(*each) for each in facts)), None):
        kind, sentence = example
        results.append((Mark.OK, f"{sentence} (api-version {await subject.api_version(kind)})."))
    unread = [
        (gap, f"{account.id.name} ({_place(account, of_key)})")
        for account, of_key in facts
        for gap in _unread(of_key)
    ]
    return [*results, *problems(unread, "for")]


async def exceptions(subject: DoctorSubject) -> Sequence[MarkedText]:
    """Read the exemptions of at most five subscriptions and what they rest on, as a scan does.

    One line for each action, and for each cause. Not with `CMK_EXCEPTIONS=off`.
    """
    if subject.settings.exceptions == "off":
        return []
    if not subject.violating:
        raise NotTried(
            "No account that could be read is non-compliant, so there is no violation that an "
            "exemption could accept."
        )
    inventory = await subject.exemptions()
    facts = await asyncio.gather(
        *(
            inventory.read(subscription_id, accounts, seconds=DOCTOR_SAMPLE_SECONDS)
            for subscription_id, accounts in subject.violating.items()
        )
    )
    lists = dict(zip(subject.violating, (each.exemptions for each in facts), strict=True))
    assignments = {name: it for each in facts for name, it in each.assignments.items()}
    sets = {name: it for each in facts for name, it in each.sets.items()}
    return [
        *await _came_of(subject, READ_EXEMPTIONS, EXEMPTIONS, "sampled subscriptions", lists),
        *await _came_of(
            subject, READ_POLICY_ASSIGNMENTS, ASSIGNMENTS, "assignments of exemptions", assignments
        ),
        *await _came_of(subject, READ_POLICY_SETS, SETS, "assigned initiatives", sets),
    ]


async def data_stores(subject: DoctorSubject) -> Sequence[MarkedText]:
    """Read the projects of at most five accounts, what they name, and these stores, as a scan does.

    Only with `CMK_DATA_STORES=on`.
    """
    if not subject.settings.data_stores:
        return []
    accounts = tuple(subject.with_data)
    if not accounts:
        raise NotTried("No account that could be read has projects or names a store.")
    inventory = await subject.data_stores()
    ids = {account.id.text for account in accounts}
    facts = await inventory.read(
        accounts, {}, ids, datetime.now(UTC), seconds=DOCTOR_SAMPLE_SECONDS
    )
    projects: dict[str, object] = {}
    stores: dict[StoreType, dict[str, object]] = {kind: {} for kind in StoreType}
    for account in accounts:
        read = facts[account.id.text]
        if read.projects is not None:
            projects[account.id.name] = read.projects.unread
        for kind, store_id, *_ in stores_of(account.places, read.projects)[0]:
            if store_id in read.stores:
                stores[kind][store_id] = read.stores[store_id]
    results = await _came_of(
        subject, READ_PROJECTS, PROJECTS, "sampled accounts with projects", projects
    )
    for kind, found in stores.items():
        action = READ_STORES[kind]
        type_ = action.removesuffix("/read").lower()
        results += await _came_of(subject, action, type_, f"{_STORES[kind]} of theirs", found)
    return results


def _example(account: Account, facts: KeyFacts) -> tuple[str, str] | None:
    """Describe a key that Azure Resource Manager let the identity read, with its type.

    Whether it does so whatever a vault's permissions and firewall are is not proven on Azure.
    """
    if not (isinstance(facts.vault, Vault) and isinstance(facts.key, Key)):
        return None
    vault = facts.vault
    permissions = "roles" if vault.uses_rbac or vault.is_managed_hsm else "access policies"
    firewall = "closed" if is_closed(vault) else "open"
    sentence = (
        f"Azure Resource Manager let the key of {account.id.name} be read: its vault "
        f"{_vault(account)} uses {permissions}, and its firewall is {firewall}"
    )
    return HSM_KEYS if vault.is_managed_hsm else KEYS, sentence


def _unread(facts: KeyFacts) -> Sequence[Gap]:
    parts: list[object] = [facts.vault, facts.key, facts.grants, facts.scopes]
    if isinstance(facts.key, Key):
        parts.append(facts.key.versions)
    return list(dict.fromkeys(part.gap for part in parts if isinstance(part, Unread)))


def _place(account: Account, facts: KeyFacts) -> str:
    vault_id = facts.vault.id
    return f"{_vault(account)} in {vault_id.split('/')[2]}" if vault_id else _vault(account)


def _vault(account: Account) -> str:
    return (account.key_vault_uri or "").removeprefix("https://").rstrip("/")


async def _came_of(
    subject: DoctorSubject, action: str, kind: str, what: str, found: Mapping[str, object]
) -> list[MarkedText]:
    """Say what came of reading these with an action, by their ids; ``kind`` is their type."""
    if not found:
        return [(Mark.SKIPPED, f"{action} was not tried, because no {what} were found.")]
    unread = [(it.gap, name) for name, it in found.items() if isinstance(it, Unread)]
    results: list[MarkedText] = []
    if read := len(found) - len(unread):
        version = await subject.api_version(kind)
        text = f"{action} works for {read} of {len(found)} {what} (api-version {version})."
        results.append((Mark.OK, text))
    return [*results, *problems(unread, "for")]
