"""Judge each account of a reading once, and the keys of compliant accounts."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from cmk_check.core.account import Account, Accounts, Judgement
from cmk_check.core.aspects import ASPECTS, judge_alone
from cmk_check.core.aspects.aspect import AllJudged, Aspect, Judged
from cmk_check.core.enums import Reason
from cmk_check.core.gap import Gap
from cmk_check.core.keys.facts import KeyFacts
from cmk_check.core.keys.judge_key_health import judge_key_health
from cmk_check.core.keys.parsing import vault_name
from cmk_check.core.model import Finding
from cmk_check.core.reasons.gap_sentences import KEY_NOT_READ
from cmk_check.core.text import fold_address
from cmk_check.core.unread import Unread


def judge_all(
    accounts: Iterable[Account], kinds: Mapping[str, str], owner: str | None = None
) -> AllJudged:
    """Judge accounts, sorted by id; if two entries have the same id, use the worse entry.

    If both entries are equally bad, their contents decide, because the order of the entries varies
    between Azure's responses and would appear as a change. If the entries name different keys,
    neither key can be judged. ``owner`` is the owner from the subscription's tags.
    """
    judged: dict[str, Judged] = {}
    for account in accounts:
        kind = kinds.get((account.kind or "").lower(), account.kind)
        # ``replace`` costs more than judging, and nearly all kinds already have the right spelling.
        spelled = account if kind == account.kind else replace(account, kind=kind)
        entry = judge_alone(spelled, owner)
        previous = judged.get(account.id.text)
        judged[account.id.text] = entry if previous is None else _worse(previous, entry)
    return dict(sorted(judged.items()))


def select_accounts(aspect: Aspect, judged: AllJudged) -> Accounts:
    """Return those judged accounts to which an ``aspect`` applies."""
    return tuple(entry.account for entry in judged.values() if aspect.applies(entry.judgement))


def add_key_health(
    entry: Judged, before: Finding | None, facts: KeyFacts | None, now: datetime
) -> Judged:
    """Return a compliant account with its key health, which is unknown without ``facts``."""
    health = judge_key_health(entry.account, facts or _UNANSWERED, now)
    if health.vault_id is None:
        # The last known vault shows whether a missing vault was deleted or cannot be read.
        health = replace(health, vault_id=_find_known_vault(before, entry.account))
    return replace(entry, key_health=health)


def list_known_vaults(
    findings: Mapping[str, Finding], accounts: Iterable[Account]
) -> Mapping[str, str]:
    """Return the last known vault id of each account in ``accounts``, keyed by account id."""
    return {
        str(account.id): vault_id
        for account in accounts
        if (vault_id := _find_known_vault(findings.get(str(account.id)), account)) is not None
    }


def unread(gap: Gap) -> KeyFacts:
    """Return key facts in which the vault, the key and the grants are all unread."""
    nothing = Unread(gap)
    return KeyFacts(vault=nothing, key=nothing, grants=nothing)


def fold_facts(kind: str | None, location: str | None, judgement: Judgement) -> tuple[str, ...]:
    """Return the case-folded facts that are equal in two readings of an unchanged account."""
    evidence = judgement.evidence
    # The message says which part is malformed. All other messages follow from the reason, and new
    # wording is not a change of the account.
    malformed = judgement.message if judgement.reason is Reason.MALFORMED else None
    parts = (
        kind,
        location,
        malformed,
        evidence.key_source,
        evidence.key_name,
        evidence.key_version,
        evidence.identity_type,
        evidence.identity_client_id,
        evidence.provisioning_state,
    )
    return (fold_address(evidence.key_vault_uri), *((part or "").casefold() for part in parts))


def agree(before: Finding, account: Account, judgement: Judgement) -> bool:
    """Return whether an account agrees with its recorded finding, apart from spelling."""
    facts_before = (before.kind, before.location, before.judgement)
    has = (account.kind, account.location, judgement)
    # The spelling is nearly always equal, and folding costs more than the rest of a comparison.
    return facts_before == has or fold_facts(*facts_before) == fold_facts(*has)


_UNANSWERED: Final = unread(KEY_NOT_READ)
_SAID_TWICE: Final = "Azure lists it more than once, and with more than one key or identity."


def _worse(one: Judged, other: Judged) -> Judged:
    worse = max(one, other, key=_weight)
    if _get_key_facts(one) == _get_key_facts(other):
        return worse
    # If an account has two keys, facts about one key do not apply to the other.
    return replace(worse, account=replace(worse.account, malformed_key=_SAID_TWICE))


def _weight(entry: Judged) -> tuple[object, ...]:
    account, judgement = entry.account, entry.judgement
    facts = fold_facts(account.kind, account.location, judgement)
    tags = sorted(account.tags.items())
    rest = _get_key_facts(entry), account.created_at or "", account.owner or ""
    beside = [aspect.get_badness(entry) for aspect in ASPECTS]
    return judgement.verdict.badness, beside, judgement.reason, facts, tags, *rest


def _get_key_facts(entry: Judged) -> tuple[object, ...]:
    account = entry.account
    users = sorted(map(str, account.user_identities))
    facts = fold_facts(None, None, entry.judgement)
    return facts, account.principal_id or "", users, account.malformed_key or ""


def _find_known_vault(before: Finding | None, account: Account) -> str | None:
    """Return the last known id of an account's vault, whose name is unique in its cloud."""
    parsed_name = vault_name(account.key_vault_uri)
    if parsed_name is None or before is None or before.vault_id is None:
        return None
    name, is_managed_hsm = parsed_name
    end = f"/{'managedhsms' if is_managed_hsm else 'vaults'}/{name}"
    return before.vault_id if before.vault_id.lower().endswith(end) else None
