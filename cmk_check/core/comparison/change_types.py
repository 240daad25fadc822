"""What a finding's way from one state to the next is called: one change of it, or several.

A verdict, the kind and the health of a key are told apart, because people wait for them with
different questions: an account that comes under a key which is broken has been resolved, and has a
broken key.
"""

from typing import Final

from cmk_check.core.enums import ChangeType, KeyReason, KeySeverity, KeyState, Verdict
from cmk_check.core.keys.concerns import unseen_parts
from cmk_check.core.model import Finding, KeyHealth
from cmk_check.core.text import fold_address

_IN_TROUBLE: Final = {KeyState.AT_RISK, KeyState.BROKEN}
_OF_VERSIONS: Final = {"key", "keyVersions"}


def types_of(before: Finding | None, after: Finding) -> tuple[ChangeType, ...]:
    """Return the types of the changes that a finding which is another one now brings, in order."""
    account = [_of_account(before, after)]
    if before is not None and has_new_kind(before, after):
        account.append(ChangeType.ACCOUNT_KIND_CHANGED)
    key = _of_key(before.key_health if before else None, after.key_health)
    told = (*account, *([key] if key else []))
    # What an update would say stands in every other change as well.
    return tuple(kind for kind in told if kind is not ChangeType.ACCOUNT_UPDATED) or told


def has_new_kind(before: Finding, after: Finding) -> bool:
    """Tell whether an account has become one of another kind; both must be known."""
    had, has = before.kind, after.kind
    return had is not None and has is not None and had.casefold() != has.casefold()


def badness(health: KeyHealth | None) -> int:
    """Return how bad: healthy 0, at risk 1, unknown 2, broken 3; 0 where no key was looked at."""
    return 0 if health is None else health.state.badness


def is_same_health(before: KeyHealth | None, after: KeyHealth | None) -> bool:
    """Tell whether nothing has changed of a key that is worth a change; wordings never count."""
    return _facts(before) == _facts(after)


def _of_account(before: Finding | None, after: Finding) -> ChangeType:
    verdict = after.judgement.verdict
    if before is not None and before.judgement.verdict is verdict:
        return ChangeType.ACCOUNT_UPDATED
    match verdict:
        case Verdict.NON_COMPLIANT:
            return ChangeType.ACCOUNT_VIOLATED
        case Verdict.UNKNOWN:
            return ChangeType.ACCOUNT_UNVERIFIABLE
        case Verdict.COMPLIANT:
            return ChangeType.ACCOUNT_DISCOVERED if before is None else ChangeType.ACCOUNT_RESOLVED


def _of_key(before: KeyHealth | None, after: KeyHealth | None) -> ChangeType | None:
    """Return None where nothing became better or worse, and where there is nothing to compare.

    A key that is looked at for the first time is told of where it is in trouble, and not where it
    could not be read: else switching key health on would be thousands of alerts. That an update
    has failed was read.
    """
    if after is None:
        return None
    if before is None:
        has_failed = KeyReason.ACCOUNT_FAILED in _codes(after)
        return ChangeType.KEY_DEGRADED if has_failed or after.state in _IN_TROUBLE else None
    if before.state is not after.state:
        worse = _is_worse(before.state, after.state)
        return ChangeType.KEY_DEGRADED if worse else ChangeType.KEY_RECOVERED
    return _of_reasons(before, after)


def _of_reasons(before: KeyHealth, after: KeyHealth) -> ChangeType | None:
    """Compare the reasons within one state; one that is gone may only be out of sight."""
    had, has = _codes(before), _codes(after)
    if has - had:
        return ChangeType.KEY_DEGRADED
    if not had - has:
        return None
    hidden = unseen_parts(after)
    if hidden - unseen_parts(before):
        return ChangeType.KEY_DEGRADED
    # Whether the version that the account uses was seen before and is now, these do not say.
    return None if hidden & _OF_VERSIONS else ChangeType.KEY_RECOVERED


def _is_worse(before: KeyState, after: KeyState) -> bool:
    """Tell whether the second is bad news; what was not seen before is news if it is not good."""
    if after is KeyState.UNKNOWN:
        return True
    if before is KeyState.UNKNOWN:
        return after is not KeyState.HEALTHY
    return after.badness > before.badness


def _codes(health: KeyHealth) -> set[str]:
    return {
        concern.code.value
        for concern in health.concerns
        if concern.severity is not KeySeverity.NOTICE
    }


def _facts(health: KeyHealth | None) -> object:
    """Return what two answers about one key must agree in."""
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
                sorted((name, _folded(text)) for name, text in concern.evidence.items()),
            )
            for concern in health.concerns
        ),
        health.rotation,
        health.expires,
        *((text or "").casefold() for text in ids),
    )


def _folded(evidence: str) -> list[str]:
    """Fold a text that stands for itself, for an address, or for a list, whose order says nothing.

    Addresses and lists come in the spelling and order of Azure's answer.
    """
    return sorted(fold_address(each) for each in evidence.split(", "))
