"""Checks of what stands beside verdicts: whether it can be read for a few accounts.

A scan reads it for all of them; reading the whole estate would keep a person waiting.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from cmk_check.core.account import Account
from cmk_check.core.aspects.aspect import AllJudged
from cmk_check.core.aspects.data_stores import DATA_STORES
from cmk_check.core.aspects.exceptions import EXCEPTION
from cmk_check.core.aspects.key_health import KEY_HEALTH
from cmk_check.core.comparison.judge_accounts import accounts_of
from cmk_check.core.gap import Gap
from cmk_check.core.keys.facts import Key, KeyFacts
from cmk_check.core.unread import Unread
from cmk_check.doctor.examined_app import DoctorSubject
from cmk_check.doctor.results import Mark, MarkedText, NotTried, problems
from cmk_check.limits import DOCTOR_SAMPLE_SECONDS


def sample(subject: DoctorSubject, subscription_id: str, judged: AllJudged) -> None:
    """Remember a few accounts of a subscription, for each of the checks below."""
    for account in accounts_of(KEY_HEALTH, judged):
        if len(subject.sampled) < subject.most:
            subject.sampled.setdefault(_vault(account).lower(), account)
    violating = accounts_of(EXCEPTION, judged)
    if violating and len(subject.violating) < subject.most:
        subject.violating[subscription_id] = [account.id for account in violating]
    for account in accounts_of(DATA_STORES, judged):
        names_some = account.places.has_projects or account.places.places
        if names_some and len(subject.with_data) < subject.most:
            subject.with_data.append(account)


async def keys(subject: DoctorSubject) -> Sequence[MarkedText]:
    """Read the facts of the keys of at most five accounts, each in another vault, as a scan does.

    One line for each cause, with the missing action and the vault's subscription. Not with
    `CMK_KEY_HEALTH=off`.
    """
    if not subject.settings.key_health:
        return []
    accounts = tuple(subject.sampled.values())
    if not accounts:
        raise NotTried("None of the accounts that could be read has a customer-managed key.")
    inventory = (await subject.inventory()).keys()
    read = await inventory.read(accounts, {}, seconds=DOCTOR_SAMPLE_SECONDS)
    facts = [(account, read[account.id.text]) for account in accounts]
    subject.key_facts = tuple(read.values())
    seen = sum(not _unread(of_key) for _, of_key in facts)
    text = f"{seen} of {len(accounts)} sampled keys can be read."
    results: list[MarkedText] = [(Mark.OK, text)] if seen else []
    unread = []
    for account, of_key in facts:
        place = f" in {of_key.vault.id.split('/')[2]}" if of_key.vault.id else ""
        named = f"{account.id.name} ({_vault(account)}{place})"
        unread += [(gap, named) for gap in _unread(of_key)]
    return [*results, *problems(unread, "for")]


async def exceptions(subject: DoctorSubject) -> Sequence[MarkedText]:
    """Read the exemptions of at most five subscriptions and what they rest on, as a scan does.

    One line for each cause. Not with `CMK_EXCEPTIONS=off`.
    """
    if subject.settings.exceptions == "off":
        return []
    if not subject.violating:
        raise NotTried(
            "No account that could be read is non-compliant, so there is no violation that an "
            "exemption could accept."
        )
    inventory = (await subject.inventory()).exemptions()
    facts = await asyncio.gather(
        *(
            inventory.read(subscription_id, accounts, seconds=DOCTOR_SAMPLE_SECONDS)
            for subscription_id, accounts in subject.violating.items()
        )
    )
    found: dict[str, object] = {}
    for subscription_id, each in zip(subject.violating, facts, strict=True):
        found |= {subscription_id: each.exemptions, **each.assignments, **each.sets}
    return _read_of("lists of exemptions, assignments and initiatives", found)


async def data_stores(subject: DoctorSubject) -> Sequence[MarkedText]:
    """Read the projects of at most five accounts, what they name, and these stores, as a scan does.

    Only with `CMK_DATA_STORES=on`.
    """
    if not subject.settings.data_stores:
        return []
    accounts = tuple(subject.with_data)
    if not accounts:
        raise NotTried("No account that could be read has projects or names a store.")
    inventory = (await subject.inventory()).data_stores()
    ids = {account.id.text for account in accounts}
    facts = await inventory.read(
        accounts, {}, ids, datetime.now(UTC), seconds=DOCTOR_SAMPLE_SECONDS
    )
    subject.data_facts = tuple(facts.values())
    found: dict[str, object] = {}
    for account in accounts:
        read = facts[account.id.text]
        found |= read.stores
        if read.projects is not None:
            found[account.id.name] = read.projects.unread
    return _read_of("lists of projects, and stores", found)


def _unread(facts: KeyFacts) -> Sequence[Gap]:
    parts: list[object] = [facts.vault, facts.key, facts.grants, facts.scopes]
    if isinstance(facts.key, Key):
        parts.append(facts.key.versions)
    return list(dict.fromkeys(part.gap for part in parts if isinstance(part, Unread)))


def _vault(account: Account) -> str:
    return (account.key_vault_uri or "").removeprefix("https://").rstrip("/")


def _read_of(what: str, found: Mapping[str, object]) -> list[MarkedText]:
    """Say what could be read of this, by its ids or names."""
    unread = [(it.gap, name) for name, it in found.items() if isinstance(it, Unread)]
    text = f"{len(found) - len(unread)} of {len(found)} {what} can be read."
    return [*([(Mark.OK, text)] if len(unread) < len(found) else []), *problems(unread, "for")]
