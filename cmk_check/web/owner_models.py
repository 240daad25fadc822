"""The response models of owners."""

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from cmk_check.web.answer import Answer, Time
from cmk_check.web.data_models import DataStoreCounts
from cmk_check.web.models import CountsOfKind, Keys


class OwnerSums(Answer):
    """The accounts of one owner by verdict, and their keys; `owner` is null for those without one.

    `oldestViolation` is the earliest `violatedSince`. `keys` is null if keys are not read,
    `dataStores` if no data store was looked at. For `unread` of the accounts the last known verdict
    is counted, because their subscription was not read.
    """

    owner: str | None
    accounts: CountsOfKind
    keys: Keys | None
    data_stores: DataStoreCounts | None
    oldest_violation: Time | None
    unread: int


class OwnersPage(Answer):
    """Owners by name, after the accounts without one; `nextLink` is absent on the last page."""

    value: list[OwnerSums]
    next_link: str | SkipJsonSchema[None] = Field(None, exclude_if=lambda link: link is None)
