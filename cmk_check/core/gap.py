"""The type of a gap, which says why something could not be read."""

from dataclasses import dataclass

from cmk_check.core.enums import GapReason


@dataclass(frozen=True, slots=True)
class Gap:
    """The reason why a subscription or a part of it was not read completely.

    ``missing_action`` is the permission that Azure named. ``detail`` is a sentence for people with
    at most 300 characters.

    >>> Reading(gap=Gap(GapReason.FORBIDDEN, "Microsoft.CognitiveServices/accounts/read")).accounts
    ()
    """

    reason: GapReason
    missing_action: str | None = None
    detail: str | None = None
