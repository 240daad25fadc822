"""The query parameters of the HTTP API.

The parameters are strict: if a filter were ignored or adapted, everything would seem to match.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from cmk_check.core.enums import CoverageState, Reason, Verdict
from cmk_check.core.keys.parsing import key_id
from cmk_check.core.text import GUID
from cmk_check.limits import (
    DEFAULT_PAGE_SIZE,
    MAX_CHANGES_RESENT,
    MAX_LOCATION_CHARS,
    MAX_PAGE_SIZE,
    MAX_PERIOD_DAYS,
    MAX_SEARCH_CHARS,
    MAX_SKIP_TOKEN_CHARS,
    MAX_TAG_BYTES,
    MAX_WORKBOOK_FINDINGS,
)
from cmk_check.web.aspect_models import AspectFilters
from cmk_check.web.json_model import Omittable

_REFUSED: Final = "refused_parameter"

_ALLOWED: Final = {
    "owner": f"owner must be exactly as tagged, of at most {MAX_TAG_BYTES} characters.",
    "unowned": "unowned must be true or omitted.",
    "location": f"location must be a name like westeurope, of at most {MAX_LOCATION_CHARS} "
    "characters.",
    "q": f"q must be one or more words, of at most {MAX_SEARCH_CHARS} characters in total.",
    "key": "key must be an id like https://<vault>.vault.azure.net/keys/<name>.",
    "vault": "vault must be the name of a vault: 3 to 24 letters, digits and hyphens.",
    "last": f"last must be a whole number from 1 to {MAX_PAGE_SIZE}.",
    "subscription": "subscription must be an id like 00000000-0000-0000-0000-000000000000.",
    "from": "from must be the number of a published change.",
    "to": "to must be the number of a published change.",
    "days": f"days must be a whole number from 1 to {MAX_PERIOD_DAYS}.",
    "top": f"top must be a whole number from 1 to {MAX_PAGE_SIZE}.",
    "since": "since must be a cursor from nextLink or deltaLink; omit it to start at the "
    "beginning.",
    "skipToken": "skipToken is too long; use the one in nextLink, or omit it to start at the "
    "beginning.",
}
_RANGE: Final = f"to must be from or more, and the range at most {MAX_CHANGES_RESENT:,} changes."


def _whole(value: object) -> object:
    """Reject other forms that int() accepts, such as "1_0", "+1" and " 1"."""
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{1,9}", value):
        raise ValueError("not a whole number")
    return value


def _not_blank(text: str) -> str:
    """Reject a blank filter, which would match everything."""
    if not text.strip():
        raise ValueError("blank")
    return text


def _key_id(text: str) -> str:
    if (parsed_id := key_id(text)) is None:
        raise ValueError("not a key")
    return parsed_id


def _limit_length(chars: int) -> Any:  # noqa: ANN401 - as Pydantic's own Field
    """Limit the length of a text.

    The pattern is for the document, because Pydantic's patterns recognise fewer blanks.
    """
    return Field(max_length=chars, json_schema_extra={"pattern": r"\S"})


_NOT_BLANK: Final = AfterValidator(_not_blank)
SubscriptionId = Annotated[str, Field(pattern=f"^{GUID}$"), AfterValidator(str.lower)]
Days = Annotated[int, Field(ge=1, le=MAX_PERIOD_DAYS), BeforeValidator(_whole)]
HowMany = Annotated[int, Field(ge=1, le=MAX_PAGE_SIZE), BeforeValidator(_whole)]
FeedNumber = Annotated[int, Field(ge=1, le=10**9 - 1), BeforeValidator(_whole)]
Words = Annotated[str, _limit_length(MAX_SEARCH_CHARS), _NOT_BLANK]
Location = Annotated[str, _limit_length(MAX_LOCATION_CHARS), _NOT_BLANK]
OwnerText = Annotated[str, _limit_length(MAX_TAG_BYTES), _NOT_BLANK]
# The pattern is for the document, and stricter than the parser.
_KEY: Final = r"^https://[a-z0-9-]{3,24}\.(vault|managedhsm)(\.[a-z0-9-]+)+/keys/[a-z0-9-]{1,127}$"
KeyId = Annotated[str, Field(json_schema_extra={"pattern": _KEY}), AfterValidator(_key_id)]
VaultName = Annotated[str, Field(pattern="^[A-Za-z0-9-]{3,24}$"), AfterValidator(str.lower)]
ListFormat = Annotated[
    Literal["json", "csv", "xlsx"],
    Field(
        description="`csv` and `xlsx` are for spreadsheets, and their `Link` header links to the "
        f"next page. Without `top`, an `xlsx` workbook has up to {MAX_WORKBOOK_FINDINGS:,} rows."
    ),
]
SkipToken = Annotated[
    Omittable[Annotated[str, Field(max_length=MAX_SKIP_TOKEN_CHARS)]],
    Field(description="The token for the next page, taken from `nextLink`."),
]
# A sequence number of the feed, which callers do not interpret; 18 digits always fit into an
# integer.
Cursor = Annotated[str, Field(pattern=r"^[0-9]{1,18}$")]


class AnyQuery(BaseModel):
    """Query parameters; unknown names are rejected, not ignored.

    The two in ``apart`` cannot be used together.
    """

    apart: ClassVar[tuple[str, str] | None] = None
    model_config = ConfigDict(alias_generator=to_camel, frozen=True)

    def dump_given(self) -> dict[str, str | int]:
        """Return the given parameters, for a link that repeats them."""
        return self.model_dump(by_alias=True, exclude_unset=True)

    @model_validator(mode="before")
    @classmethod
    def _refuse_others(cls, parameters: dict[str, object]) -> dict[str, object]:
        if cls.apart and parameters.keys() >= set(cls.apart):
            text = "{name} and {other} cannot be used together; remove one of them."
            name, other = cls.apart
            raise PydanticCustomError(_REFUSED, text, {"name": name, "other": other})
        names = [str(field.alias) for field in cls.model_fields.values()]
        unknown = next((name for name in parameters if name not in names), None)
        if unknown is not None:
            allowed = f"it must be one of {', '.join(names)}" if names else "this path takes none"
            text = "The parameter {name} is unknown; {allowed}."
            raise PydanticCustomError(_REFUSED, text, {"name": unknown, "allowed": allowed})
        return parameters


class NoQuery(AnyQuery):
    """No parameters."""


class StatusQuery(AnyQuery):
    """Parameters of the status."""

    subscription: Omittable[SubscriptionId] = Field(
        None, description="Return the status of only this subscription, not of the estate."
    )


class _OfFindings(AnyQuery):
    verdict: Omittable[Verdict] = Field(None, description="Return only accounts with this verdict.")
    reason: Omittable[Reason] = Field(None, description="Return only accounts with this reason.")
    kind: Omittable[str] = Field(
        None, description="Return only accounts of this kind (case-insensitive, `unknown` if none)."
    )
    location: Omittable[Location] = Field(
        None, description="Return only accounts in this region; case and blanks are ignored."
    )
    subscription: Omittable[SubscriptionId] = Field(
        None, description="Accounts in this subscription."
    )


class FindingsQuery(AspectFilters, _OfFindings):
    """Parameters of the list of findings."""

    apart = ("unowned", "owner")
    owner: Omittable[OwnerText] = Field(
        None, description="Return only this owner's accounts, as tagged; excludes `unowned`."
    )
    unowned: Omittable[Literal["true"]] = Field(
        None, description="Return only accounts without an owner; excludes `owner`."
    )
    key: Omittable[KeyId] = Field(None, description="Return only accounts that use this key.")
    q: Omittable[Words] = Field(
        None,
        description="Return only accounts that contain all these words in the name of the account, "
        "resource group or subscription, or in a tag's name or value (case-insensitive).",
    )
    top: HowMany = Field(DEFAULT_PAGE_SIZE, description="The maximum number of findings per page.")
    skip_token: SkipToken = None
    format: ListFormat = "json"


class OwnersQuery(AnyQuery):
    """Parameters of the list of owners."""

    top: HowMany = Field(DEFAULT_PAGE_SIZE, description="The maximum number of owners per page.")
    skip_token: SkipToken = None


class KeysQuery(AnyQuery):
    """Parameters of the list of keys."""

    key: Omittable[KeyId] = Field(
        None, description="Return only the key with this id (case-insensitive, version optional)."
    )
    vault: Omittable[VaultName] = Field(
        None, description="Return only keys in this vault or Managed HSM (case-insensitive)."
    )
    top: HowMany = Field(DEFAULT_PAGE_SIZE, description="The maximum number of keys per page.")
    skip_token: SkipToken = None
    format: ListFormat = "json"


class SubscriptionsQuery(AnyQuery):
    """Parameters of the list of subscriptions."""

    coverage: Omittable[CoverageState] = Field(
        None, description="Only subscriptions in this state."
    )
    top: HowMany = Field(DEFAULT_PAGE_SIZE, description="Maximum number of subscriptions per page.")
    skip_token: SkipToken = None


class ScansQuery(AnyQuery):
    """Parameters of the list of scans."""

    scope: Omittable[Literal["full", "partial"]] = Field(
        None, description="Return only full scans, or only partial scans."
    )
    top: HowMany = Field(DEFAULT_PAGE_SIZE, description="The maximum number of scans per page.")
    skip_token: SkipToken = None


class ChangesQuery(AnyQuery):
    """Parameters of the change feed."""

    apart = ("last", "since")
    since: Omittable[Cursor] = Field(
        None,
        description="Return only changes after this cursor, taken from `nextLink` or `deltaLink`; "
        "without it, return all changes in the feed.",
    )
    top: HowMany = Field(DEFAULT_PAGE_SIZE, description="The maximum number of changes per page.")
    last: Omittable[HowMany] = Field(
        None, description="Start this many changes before the end of the feed; excludes `since`."
    )


class SummaryQuery(AnyQuery):
    """Parameters of the summary of a period."""

    days: Days = Field(7, description="The length of the period in days, up to now.")


class ResendQuery(AnyQuery):
    """Parameters of a request to send published changes again."""

    first: FeedNumber = Field(alias="from", description="The first change's number in the feed.")
    last: FeedNumber = Field(
        alias="to", description=f"The last change's number; at most {MAX_CHANGES_RESENT:,} changes."
    )

    @model_validator(mode="after")
    def _check_range(self) -> Self:
        if not self.first <= self.last < self.first + MAX_CHANGES_RESENT:
            raise PydanticCustomError(_REFUSED, _RANGE, {"name": "to"})
        return self


def describe_fault(detail: Mapping[str, Any]) -> tuple[str, str]:
    """Return the parameter that Pydantic refused in ``detail``, and its allowed values."""
    if detail["type"] == _REFUSED:
        return detail["ctx"]["name"], detail["msg"]
    name = detail["loc"][1]
    one_of = str(detail.get("ctx", {}).get("expected", "")).replace("'", "")
    if detail["type"] == "enum":
        return name, f"{name} must be one of {one_of.replace(' or ', ', ')}."
    return name, _ALLOWED.get(name) or f"{name} must be {one_of}."
