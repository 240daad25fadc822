"""Check whether subscriptions, accounts, and the accounts' keys and exemptions can be read.

Keys and exemptions are read only for a few accounts, because reading them for all accounts, as a
scan does, would take too long for a waiting person.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Final

from cmk_check.composition_root import scan_options
from cmk_check.core.account import Account, Subscription
from cmk_check.core.aspects.aspect import AllJudged
from cmk_check.core.aspects.exceptions import EXCEPTION
from cmk_check.core.aspects.key_health import KEY_HEALTH
from cmk_check.core.comparison.judge_accounts import judge_all, select_accounts
from cmk_check.core.enums import Disposition, PostureReason
from cmk_check.core.gap import Gap
from cmk_check.core.keys.facts import Key, KeyFacts
from cmk_check.core.reasons.catalogue import POSTURE_REASONS
from cmk_check.core.reasons.gap_sentences import CHECK_TIME_IS_UP
from cmk_check.core.scope import visible
from cmk_check.core.text import few
from cmk_check.core.unread import Unread
from cmk_check.doctor.examined_app import DoctorSubject
from cmk_check.doctor.results import CheckFailed, Mark, MarkedText, NotTried, problems
from cmk_check.inventory.api_versions import ACCOUNTS
from cmk_check.inventory.gaps import READ_ACCOUNTS
from cmk_check.limits import DOCTOR_SAMPLE_SECONDS, SUBSCRIPTION_SECONDS
from cmk_check.ports import Inventory, InventoryError

_NONE_VISIBLE: Final = POSTURE_REASONS[PostureReason.NO_SUBSCRIPTION_VISIBLE]


async def subscriptions(subject: DoctorSubject) -> Sequence[MarkedText]:
    """List the subscriptions, and compare them with the group and the lists in the settings."""
    inventory = await subject.inventory()
    try:
        subject.listed = await inventory.subscriptions()
    except InventoryError as error:
        text = f"The subscriptions cannot be listed ({error.gap.reason}). {error.gap.detail}"
        raise CheckFailed(text) from error
    seen, numbers = visible(subject.listed), len(_list_in_scope(subject))
    if not seen:
        raise CheckFailed(_NONE_VISIBLE.text())
    in_scope = (Mark.OK, f"Subscriptions: {seen:,} visible, {numbers:,} in scope.")
    none_in_scope = (Mark.PROBLEM, _NONE_VISIBLE.text(f"{seen:,} visible"))
    group = subject.settings.management_group
    return [
        in_scope if numbers else none_in_scope,
        *([] if group is None else [await _check_group(subject, inventory, group)]),
        *_check_lists(subject),
    ]


async def permissions(subject: DoctorSubject) -> Sequence[MarkedText]:
    """Read the accounts of every subscription in scope, as a scan does.

    Report one line for each cause, with the missing action.
    """
    in_scope = _list_in_scope(subject)
    if not in_scope:
        raise NotTried("No subscription is in scope.")
    gaps = await _gaps(subject, in_scope)
    results: list[MarkedText] = []
    if read := len(in_scope) - len(gaps):
        text = f"{READ_ACCOUNTS} works in {read:,} of {len(in_scope):,} subscriptions"
        version = (await subject.inventory()).api_versions().in_use[ACCOUNTS]
        results.append((Mark.OK, f"{text} (api-version {version})."))
    return [*results, *problems(gaps, "in")]


async def keys(subject: DoctorSubject) -> Sequence[MarkedText]:
    """Read the keys of at most five accounts from different vaults, as a scan does.

    Report one line for each cause, with the missing action and the vault's subscription. Runs only
    if `CMK_KEY_HEALTH` is on.
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
        name = f"{account.id.name} ({_vault(account)}{place})"
        unread += [(gap, name) for gap in _unread(of_key)]
    subject.refused |= {gap.missing_action for gap, _ in unread if gap.missing_action}
    return [*results, *problems(unread, "for")]


async def exceptions(subject: DoctorSubject) -> Sequence[MarkedText]:
    """Read the exemptions of at most five subscriptions, and their policies, as a scan does.

    Report one line for each cause. Runs unless `CMK_EXCEPTIONS` is off.
    """
    if subject.settings.exceptions == "off":
        return []
    if not subject.violating:
        raise NotTried(
            "No account that could be read is non-compliant, so there is no violation that an "
            "exemption could accept."
        )
    inventory = (await subject.inventory()).exemptions()
    read = partial(inventory.read, seconds=DOCTOR_SAMPLE_SECONDS)
    facts = await asyncio.gather(*(read(*each) for each in subject.violating.items()))
    gaps: dict[str, object] = {}
    for subscription_id, part in zip(subject.violating, facts, strict=True):
        gaps |= {subscription_id: part.exemptions, **part.assignments, **part.sets}
    unread = [(it.gap, name) for name, it in gaps.items() if isinstance(it, Unread)]
    what = "lists of exemptions, assignments and initiatives"
    text = f"{len(gaps) - len(unread)} of {len(gaps)} {what} can be read."
    return [*([(Mark.OK, text)] if len(unread) < len(gaps) else []), *problems(unread, "for")]


async def _gaps(subject: DoctorSubject, sample: Sequence[Subscription]) -> list[tuple[Gap, str]]:
    inventory = await subject.inventory()
    kinds = scan_options(subject.settings).kinds
    free = asyncio.Semaphore(subject.settings.max_in_flight)
    gaps: dict[str, Gap | None] = {}

    async def read(subscription: Subscription) -> None:
        async with free:
            # Keep only a few accounts, because a large estate may not fit into memory.
            reading = await inventory.read(subscription, seconds=SUBSCRIPTION_SECONDS)
            _sample(subject, subscription.id, judge_all(reading.accounts, kinds))
            gaps[subscription.id] = reading.gap

    tasks = [asyncio.create_task(read(subscription)) for subscription in sample]
    try:
        await asyncio.wait(tasks, timeout=subject.reading_seconds)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return [
        (gap, _format_name(subscription))
        for subscription in sample
        if (gap := gaps.get(subscription.id, CHECK_TIME_IS_UP))
    ]


def _sample(subject: DoctorSubject, subscription_id: str, judged: AllJudged) -> None:
    """Store a few of a subscription's accounts for each check that uses samples."""
    for account in select_accounts(KEY_HEALTH, judged):
        if len(subject.sampled) < subject.most:
            subject.sampled.setdefault(_vault(account).lower(), account)
    violating = select_accounts(EXCEPTION, judged)
    if violating and len(subject.violating) < subject.most:
        subject.violating[subscription_id] = [account.id for account in violating]


def _list_in_scope(subject: DoctorSubject) -> list[Subscription]:
    scope = scan_options(subject.settings).scope
    return [entry for entry in subject.listed if scope.judge_listed(entry) is Disposition.READ]


async def _check_group(subject: DoctorSubject, inventory: Inventory, group: str) -> MarkedText:
    """Compare the visible subscriptions with the group's list, which also has invisible ones."""
    try:
        below = await inventory.list_subscriptions_below(group)
    except InventoryError as error:
        text = f"The group in CMK_MANAGEMENT_GROUP cannot be read ({error.gap.reason})."
        return Mark.PROBLEM, f"{text} {error.gap.detail}"
    scope, seen = scan_options(subject.settings).scope, {entry.id for entry in subject.listed}
    hidden = [
        _format_name(entry)
        for entry in below
        if entry.id not in seen and scope.judge_unlisted(entry.id, None) is Disposition.NOT_VISIBLE
    ]
    if not hidden:
        return Mark.OK, f"All {len(below):,} subscriptions below {group} are visible or excluded."
    return Mark.PROBLEM, (
        f"Below {group} but not visible: {few(hidden)}. Assign the identity the Reader role "
        "there, or add the ids to CMK_EXCLUDE_SUBSCRIPTIONS."
    )


def _check_lists(subject: DoctorSubject) -> list[MarkedText]:
    settings, seen = subject.settings, {entry.id for entry in subject.listed}
    results: list[MarkedText] = []
    if both := sorted(settings.include & settings.exclude):
        text = f"Both included and excluded, so not read: {few(both)}. Remove one of the two."
        results.append((Mark.WARNING, text))
    if unseen := sorted(settings.include - settings.exclude - seen):
        text = (
            f"In CMK_INCLUDE_SUBSCRIPTIONS but not visible: {few(unseen)}. Assign the identity "
            "the Reader role there, or add the ids to CMK_EXCLUDE_SUBSCRIPTIONS."
        )
        results.append((Mark.PROBLEM, text))
    if unseen := sorted(settings.exclude - seen):
        text = f"In CMK_EXCLUDE_SUBSCRIPTIONS and not visible: {few(unseen)}."
        results.append((Mark.OK, text))
    return results


def _format_name(subscription: Subscription) -> str:
    return f"{subscription.name or ''} ({subscription.id})".lstrip()


def _unread(facts: KeyFacts) -> Sequence[Gap]:
    parts: list[object] = [facts.vault, facts.key, facts.grants]
    if isinstance(facts.key, Key):
        parts.append(facts.key.versions)
    return list(dict.fromkeys(part.gap for part in parts if isinstance(part, Unread)))


def _vault(account: Account) -> str:
    return (account.key_vault_uri or "").removeprefix("https://").rstrip("/")
