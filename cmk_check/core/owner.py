"""The owner of an account: the value of a tag of the account, or else of its subscription."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from cmk_check.core.text import as_object, clean_text
from cmk_check.limits import MAX_TAG_BYTES

type OwnerSource = Literal["account", "subscription"]


@dataclass(frozen=True, slots=True)
class Owner:
    """An owner as spelled in a tag, and the place of that tag; both are None without an owner."""

    value: str | None = None
    source: OwnerSource | None = None


UNOWNED: Final = Owner()


def find_owner(tags: object, names: Sequence[str]) -> str | None:
    """Return the value of the first tag in ``names`` that has a value; never raise an exception.

    A blank value counts as no value. A tag's value keeps its spelling, and is cut to the same
    length as other tags.

    Args:
        tags: the parsed JSON.
        names: lower-cased names of tags, most important first.
    """
    values: dict[str, str] = {}
    for name, value in as_object(tags).items():
        text = clean_text(value, MAX_TAG_BYTES)
        if text and not text.isspace():
            values.setdefault(name.lower(), text)
    return next((values[name] for name in names if name in values), None)


def choose_owner(of_account: str | None, of_subscription: str | None) -> Owner:
    """Return the owner named by the account's own tag, or else by the subscription's tag."""
    if of_account is not None:
        return Owner(of_account, "account")
    return UNOWNED if of_subscription is None else Owner(of_subscription, "subscription")
