"""The key health aspect: whether the key of a compliant account can be used."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import ClassVar, Final, override

from cmk_check.core.aspects.aspect import AnyAccount, Aspect, Judged, News, Occasion
from cmk_check.core.enums import ChangeType, KeyReason, KeySeverity, KeyState, Verdict
from cmk_check.core.keys.key_health import KeyHealth, unseen_parts
from cmk_check.core.model import AccountCounts, Finding
from cmk_check.core.text import fold_address, write_time
from cmk_check.limits import MAX_CHANGE_MESSAGE_CHARS, MAX_CHANGE_REASONS, MAX_CHANGE_TEXT_CHARS

_IN_TROUBLE: Final = {KeyState.AT_RISK, KeyState.BROKEN}
_OF_VERSIONS: Final = {"key", "keyVersions"}
_SUMS: Final = {
    KeyState.HEALTHY: "healthy",
    KeyState.AT_RISK: "atRisk",
    KeyState.BROKEN: "broken",
    KeyState.UNKNOWN: "unknown",
}


class KeyHealthAspect(Aspect):
    """Whether the key of a compliant account works and will continue to work."""

    name, side = "keyHealth", "key_health"
    verdicts = frozenset({Verdict.COMPLIANT})
    changes: ClassVar[Mapping[ChangeType, str]] = {
        ChangeType.KEY_DEGRADED: "Health of an account's key got worse",
        ChangeType.KEY_RECOVERED: "Health of an account's key improved",
    }

    @override
    def state(self, account: AnyAccount, now: datetime) -> str | None:
        return _state(account)

    @override
    def describe(self, account: AnyAccount) -> dict[str, object] | None:
        health = account.key_health
        if health is None:
            return None
        return {
            "keyHealth": health.state.value,
            "keyReasons": [concern.code.value for concern in health.concerns],
        }

    @override
    def is_same(self, before: AnyAccount, after: AnyAccount) -> bool:
        """Return whether all facts about the key are unchanged, ignoring new wording."""
        return _facts(before.key_health) == _facts(after.key_health)

    @override
    def get_badness(self, account: AnyAccount) -> float:
        """Return 0 for a healthy or unchecked key, 1 for at risk, 2 for unknown, 3 for broken."""
        return account.key_health.state.badness if account.key_health else 0

    @override
    def keep_recorded(self, before: Finding, read: Judged) -> Judged:
        """Keep the recorded key health and evidence, unless the account's verdict is new."""
        if before.judgement.verdict is not read.judgement.verdict:
            return read
        judgement, health, own = before.judgement, before.key_health, read.account
        account = replace(own, kind=before.kind, location=before.location, tags=before.tags)
        return replace(read, account=account, judgement=judgement, key_health=health)

    @override
    def list_news(
        self, before: Finding | None, after: Finding, read: AnyAccount, occasion: Occasion
    ) -> tuple[Finding, Sequence[News]]:
        health = after.key_health
        kind = _news(before.key_health if before else None, health)
        return after, () if kind is None or health is None else (News(kind, {"key": _key(health)}),)

    @override
    def get_label(self, account: AnyAccount) -> Hashable | None:
        return _state(account) if self.applies(account.judgement) else None

    @override
    def add_counts(self, counts: AccountCounts, labels: Mapping[Hashable, int]) -> AccountCounts:
        by_state = sorted((str(label), count) for label, count in labels.items())
        return replace(counts, by_key_health=dict(by_state))

    @override
    def list_counts(self, counts: AccountCounts) -> Iterable[tuple[Hashable, int]]:
        return counts.by_key_health.items()

    def sums(self, counts: AccountCounts) -> dict[str, int] | None:
        """Return the sums by key health as published, or None if no key was checked."""
        return self.get_all_sums(counts) if counts.by_key_health else None

    def get_all_sums(self, counts: AccountCounts) -> dict[str, int]:
        """Return the number of compliant accounts by key health; an unchecked key is unknown."""
        by_state = counts.by_key_health
        sums = {name: by_state.get(state, 0) for state, name in _SUMS.items()}
        sums["unknown"] += self.count_applicable(counts) - sum(sums.values())
        return sums

    @override
    def is_in_table(self, state: str) -> bool:
        """Return False for the unknown state, because unreadable rows also count as unknown."""
        return state != KeyState.UNKNOWN


def _state(account: AnyAccount) -> str | None:
    return account.key_health.state.value if account.key_health else None


def _news(before: KeyHealth | None, after: KeyHealth | None) -> ChangeType | None:
    """Return the change to announce, or None if the key's health is neither better nor worse.

    The first check of a key is announced if the key has a problem, but not if the key could not be
    read, because otherwise switching on key health would cause thousands of alerts. The first check
    also announces that the account's latest update failed, because the scan did read that fact.
    """
    if after is None:
        return None
    if before is None:
        has_failed = KeyReason.ACCOUNT_FAILED in _codes(after)
        return ChangeType.KEY_DEGRADED if has_failed or after.state in _IN_TROUBLE else None
    if before.state is not after.state:
        worse = _is_bad_news(before.state, after.state)
        return ChangeType.KEY_DEGRADED if worse else ChangeType.KEY_RECOVERED
    return _compare_reasons(before, after)


def _compare_reasons(before: KeyHealth, after: KeyHealth) -> ChangeType | None:
    """Compare the reasons for two equal states; a missing reason may only be unreadable now."""
    codes_before, has = _codes(before), _codes(after)
    if has - codes_before:
        return ChangeType.KEY_DEGRADED
    if not codes_before - has:
        return None
    hidden = unseen_parts(after)
    if hidden - unseen_parts(before):
        return ChangeType.KEY_DEGRADED
    # If these facts are unreadable, both readings may have seen different key versions.
    return None if hidden & _OF_VERSIONS else ChangeType.KEY_RECOVERED


def _is_bad_news(before: KeyState, after: KeyState) -> bool:
    """Return whether ``after`` is worse; every state but healthy is worse than unknown."""
    if after is KeyState.UNKNOWN:
        return True
    if before is KeyState.UNKNOWN:
        return after is not KeyState.HEALTHY
    return after.badness > before.badness


def _codes(health: KeyHealth) -> set[str]:
    problems = (each for each in health.concerns if each.severity is not KeySeverity.NOTICE)
    return {problem.code.value for problem in problems}


def _facts(health: KeyHealth | None) -> object:
    """Return the facts of key health that are equal in two readings if nothing has changed."""
    if health is None:
        return None
    ids = (health.vault_id, health.key_id, health.key_version, health.principal_id)
    return (
        health.state,
        sorted(
            (
                concern.code,
                concern.severity,
                (concern.missing_action or "").casefold(),
                sorted((name, _fold_evidence(text)) for name, text in concern.evidence.items()),
            )
            for concern in health.concerns
        ),
        health.rotation,
        health.expires,
        health.next_rotation_at,
        *((text or "").casefold() for text in ids),
    )


def _fold_evidence(evidence: str) -> list[str]:
    """Fold one value of evidence: a string, an address, or a list without a meaningful order.

    The spelling of addresses and the order of lists vary between Azure's responses.
    """
    return sorted(fold_address(each) for each in evidence.split(", "))


def _key(health: KeyHealth) -> dict[str, object]:
    """Return the ids of the key and its vault, and the key's problems, worst first."""
    return {
        "vaultId": _cut(health.vault_id),
        "keyId": _cut(health.key_id),
        "keyVersion": _cut(health.key_version),
        "rotation": health.rotation and health.rotation.value,
        "expires": health.expires and write_time(health.expires),
        "nextRotationAt": health.next_rotation_at and write_time(health.next_rotation_at),
        "reasons": [
            {
                "code": concern.code.value,
                "severity": concern.severity.value,
                "message": concern.message[:MAX_CHANGE_MESSAGE_CHARS],
            }
            for concern in health.concerns[:MAX_CHANGE_REASONS]
        ],
    }


def _cut(text: str | None) -> str | None:
    return text and text[:MAX_CHANGE_TEXT_CHARS]


KEY_HEALTH: Final = KeyHealthAspect()
