"""A compliant account whose key is broken, as the report of the first scan names it."""

from dataclasses import dataclass

from cmk_check.core.enums import KeyReason


@dataclass(frozen=True, slots=True)
class BrokenKey:
    """The ARM id of the account, lower-cased, and why its key cannot be used, worst first."""

    account_id: str
    reasons: tuple[KeyReason, ...] = ()
