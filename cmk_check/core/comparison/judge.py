"""Judging what a reading brought: each account once, and the key behind a compliant one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from cmk_check.core.data_stores.account_data import AccountData
from cmk_check.core.data_stores.places import AccountPlaces
from cmk_check.core.enums import Reason, Verdict
from cmk_check.core.exceptions.account_exception import AccountException, Exceptions
from cmk_check.core.exceptions.judge import unread_exception
from cmk_check.core.keys.facts import KeyFacts, Unread
from cmk_check.core.keys.health import judge_key
from cmk_check.core.keys.parsing import vault_name
from cmk_check.core.model import Account, Finding, Gap, Judgement, KeyHealth
from cmk_check.core.owner import UNOWNED, Owner, owner_of
from cmk_check.core.reasons.gap_sentences import EXEMPTION_NOT_READ, KEY_NOT_READ
from cmk_check.core.rule import judge
from cmk_check.core.text import fold_address

type Keys = Mapping[str, KeyFacts]


@dataclass(frozen=True, slots=True)
class Judged:
    """An account with its verdict.

    ``key`` is None where no key was looked at, ``exception`` where there is none, ``data`` where
    nobody looked at where it lies.
    """

    account: Account
    judgement: Judgement
    key: KeyHealth | None = None
    exception: AccountException | None = None
    owner: Owner = UNOWNED
    data: AccountData | None = None


def judge_all(accounts: Iterable[Account], kinds: Mapping[str, str]) -> dict[str, Judged]:
    """Judge accounts, in the order of their ids; of two entries with one id the worse counts.

    Of two that are equally bad one is chosen by what they say, never by which came first: the
    order of an answer varies, and would be told as a change. Of two keys neither can be judged.
    """
    judged: dict[str, Judged] = {}
    for account in accounts:
        kind = kinds.get((account.kind or "").lower(), account.kind)
        # Replacing costs more than judging, and nearly all are spelled as they should be.
        spelled = account if kind == account.kind else replace(account, kind=kind)
        entry = Judged(spelled, judge(spelled))
        had = judged.get(account.id.text)
        judged[account.id.text] = entry if had is None else _worse(had, entry)
    return dict(sorted(judged.items()))


def judged_accounts(accounts: Iterable[Account], kinds: Mapping[str, str]) -> tuple[Account, ...]:
    """Return each account once, as it is judged."""
    return tuple(entry.account for entry in judge_all(accounts, kinds).values())


def compliant(accounts: Iterable[Account], kinds: Mapping[str, str]) -> tuple[Account, ...]:
    """Return the accounts that are judged compliant: those whose keys are worth looking at."""
    return _judged_as(Verdict.COMPLIANT, accounts, kinds)


def non_compliant(accounts: Iterable[Account], kinds: Mapping[str, str]) -> tuple[Account, ...]:
    """Return the accounts that are judged non-compliant: those that may have an exception."""
    return _judged_as(Verdict.NON_COMPLIANT, accounts, kinds)


def _judged_as(
    verdict: Verdict, accounts: Iterable[Account], kinds: Mapping[str, str]
) -> tuple[Account, ...]:
    return tuple(
        entry.account
        for entry in judge_all(accounts, kinds).values()
        if entry.judgement.verdict is verdict
    )


def known_vaults(findings: Mapping[str, Finding], accounts: Iterable[Account]) -> Mapping[str, str]:
    """Return, by account id, where the vaults of these accounts were found last."""
    return {
        str(account.id): vault_id
        for account in accounts
        if (vault_id := _known_vault(findings.get(str(account.id)), account)) is not None
    }


def with_keys(
    judged: Mapping[str, Judged], findings: Mapping[str, Finding], keys: Keys, now: datetime
) -> dict[str, Judged]:
    """Judge the keys behind compliant accounts as well; of what nothing was said is unknown."""
    return {
        account_id: replace(entry, key=_key(entry.account, findings.get(account_id), keys, now))
        if entry.judgement.verdict is Verdict.COMPLIANT
        else entry
        for account_id, entry in judged.items()
    }


def with_exceptions(judged: Mapping[str, Judged], exceptions: Exceptions) -> dict[str, Judged]:
    """Put the exceptions beside non-compliant accounts; of what nothing was said is unread."""
    return {
        account_id: replace(entry, exception=exceptions.get(account_id, _NO_EXCEPTION_READ))
        if entry.judgement.verdict is Verdict.NON_COMPLIANT
        else entry
        for account_id, entry in judged.items()
    }


def with_owners(judged: Mapping[str, Judged], of_subscription: str | None) -> dict[str, Judged]:
    """Put the owners beside accounts; ``of_subscription`` is what their subscription's tags say."""
    return {
        account_id: replace(entry, owner=owner_of(entry.account.owner, of_subscription))
        for account_id, entry in judged.items()
    }


def unread(gap: Gap) -> KeyFacts:
    """Return what is known of a key of which nothing could be read."""
    nothing = Unread(gap)
    return KeyFacts(vault=nothing, key=nothing, grants=nothing, scopes=nothing)


def folded(kind: str | None, location: str | None, judgement: Judgement) -> tuple[str, ...]:
    """Return what two answers about one account must agree in, however they spell it."""
    evidence = judgement.evidence
    # Only the message says what is malformed. Every other message follows from the reason, and a
    # new wording must not count as a change of the account.
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
    """Tell whether an account says the same as is recorded, however it is spelled."""
    had = (before.kind, before.location, before.judgement)
    has = (account.kind, account.location, judgement)
    # Nearly always both are spelled alike; folding them costs more than all else of a comparison.
    return had == has or folded(*had) == folded(*has)


_SAID_TWICE: Final = "Azure lists it more than once, and with more than one key or identity."


_UNANSWERED: Final = unread(KEY_NOT_READ)
_NO_EXCEPTION_READ: Final = unread_exception(EXEMPTION_NOT_READ)


def _worse(one: Judged, other: Judged) -> Judged:
    worse = max(one, other, key=_weight)
    if one.account.places != other.account.places:
        # What one of them names, the other would hide.
        places = AccountPlaces(is_malformed=True)
        worse = replace(worse, account=replace(worse.account, places=places))
    if _said_of_key(one) == _said_of_key(other):
        return worse
    # What was read behind one of two keys says nothing of the other.
    return replace(worse, account=replace(worse.account, malformed_key=_SAID_TWICE))


def _weight(entry: Judged) -> tuple[object, ...]:
    account, judgement = entry.account, entry.judgement
    said = folded(account.kind, account.location, judgement)
    tags = sorted(account.tags.items())
    rest = _said_of_key(entry), account.created_at or "", account.owner or ""
    return judgement.verdict.badness, judgement.reason, said, tags, *rest


def _said_of_key(entry: Judged) -> tuple[object, ...]:
    account = entry.account
    users = sorted(map(str, account.user_identities))
    said = folded(None, None, entry.judgement)
    return said, account.principal_id or "", users, account.malformed_key or ""


def _key(account: Account, before: Finding | None, keys: Keys, now: datetime) -> KeyHealth:
    health = judge_key(account, keys.get(str(account.id), _UNANSWERED), now)
    if health.vault_id is not None:
        return health
    # Where a vault was is all there is to tell one that is gone from one that cannot be seen.
    return replace(health, vault_id=_known_vault(before, account))


def _known_vault(before: Finding | None, account: Account) -> str | None:
    """Return where the account's vault was last; names of vaults are unique in a cloud."""
    named = vault_name(account.key_vault_uri)
    if named is None or before is None or before.vault_id is None:
        return None
    name, is_managed_hsm = named
    end = f"/{'managedhsms' if is_managed_hsm else 'vaults'}/{name}"
    return before.vault_id if before.vault_id.lower().endswith(end) else None
