"""What a finding's way from one verdict or kind to the next is called.

A verdict, the kind and each aspect are announced apart, because people wait for them with different
questions: an account that comes under a key which is broken has been resolved, and has a broken
key.
"""

from cmk_check.core.aspects.aspect import Judged, News
from cmk_check.core.enums import ChangeType, Reason, Verdict
from cmk_check.core.model import Finding


def account_news(before: Finding | None, after: Judged) -> list[News]:
    """Return what is announced of a finding that is new or says something else now, in order."""
    kind = _of_verdict(before, after)
    if before is None or not _has_new_kind(before, after):
        return [News(kind)]
    new_kind = News(ChangeType.ACCOUNT_KIND_CHANGED)
    # What an update would say stands in every other change as well.
    return [new_kind] if kind is ChangeType.ACCOUNT_UPDATED else [News(kind), new_kind]


def _has_new_kind(before: Finding, after: Judged) -> bool:
    """Tell whether an account has become one of another kind; both must be known."""
    had, has = before.kind, after.kind
    return had is not None and has is not None and had.casefold() != has.casefold()


def _of_verdict(before: Finding | None, after: Judged) -> ChangeType:
    verdict = after.judgement.verdict
    if before is not None and before.judgement.verdict is verdict:
        return ChangeType.ACCOUNT_UPDATED
    match verdict:
        case Verdict.NON_COMPLIANT:
            return ChangeType.ACCOUNT_VIOLATED
        case Verdict.UNKNOWN:
            return ChangeType.ACCOUNT_UNVERIFIABLE
        case Verdict.COMPLIANT if before and before.judgement.reason is Reason.ROW_TOO_NEW:
            # It was compliant in the words of another version; nobody was told otherwise.
            return ChangeType.ACCOUNT_UPDATED
        case Verdict.COMPLIANT:
            return ChangeType.ACCOUNT_DISCOVERED if before is None else ChangeType.ACCOUNT_RESOLVED
