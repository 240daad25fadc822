"""The contract of the HTTP API, the other half: what callers may send.

Strict, because a parameter that is passed over or bent to fit shows everything as if it matched.
"""

import re
from typing import Annotated, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from cmk_check.core.enums import KeyState, Reason, Verdict
from cmk_check.core.text import GUID
from cmk_check.limits import (
    DEFAULT_PAGE_SIZE,
    MAX_LOCATION_CHARS,
    MAX_PAGE_SIZE,
    MAX_SEARCH_CHARS,
    MAX_SKIP_TOKEN_CHARS,
)
from cmk_check.web.models import ApiCoverage

UNKNOWN_PARAMETER: Final = "unknown_parameter"
NOT_TOGETHER: Final = "not_together"

_SKIP_TOKEN: Final = "Where to go on, taken from a `nextLink`."  # noqa: S105 - no password


def _whole(value: object) -> object:
    """Refuse what int() would read although nobody means it: "1_0", "+1", " 1", "1.0"."""
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{1,9}", value):
        raise ValueError("not a whole number")
    return value


def _not_blank(text: str) -> str:
    """Refuse what asks for nothing, and would find everything."""
    if not text.strip():
        raise ValueError("blank")
    return text


# Checked by Python alone: what is blank to Pydantic's patterns is not all that is blank here.
_NOT_BLANK: Final[dict[str, JsonValue]] = {"pattern": r"\S"}
SubscriptionId = Annotated[str, Field(pattern=f"^{GUID}$"), AfterValidator(str.lower)]
Top = Annotated[int, Field(ge=1, le=MAX_PAGE_SIZE), BeforeValidator(_whole)]
Last = Annotated[int, Field(ge=1, le=MAX_PAGE_SIZE), BeforeValidator(_whole)]
Words = Annotated[
    str,
    Field(max_length=MAX_SEARCH_CHARS, json_schema_extra=_NOT_BLANK),
    AfterValidator(_not_blank),
]
Location = Annotated[
    str,
    Field(max_length=MAX_LOCATION_CHARS, json_schema_extra=_NOT_BLANK),
    AfterValidator(_not_blank),
]
SkipToken = Annotated[str, Field(max_length=MAX_SKIP_TOKEN_CHARS)]
# A number of the feed, which callers need not know; 18 digits fit every integer there is.
Cursor = Annotated[str, Field(pattern=r"^[0-9]{1,18}$")]


class AnyQuery(BaseModel):
    """Parameters; a name that is not among them is refused rather than passed over."""

    model_config = ConfigDict(alias_generator=to_camel, frozen=True)

    def asked(self) -> dict[str, str | int]:
        """Return what was given, for a link that asks the same again."""
        return self.model_dump(by_alias=True, exclude_unset=True)

    @model_validator(mode="before")
    @classmethod
    def _refuse_others(cls, given: dict[str, object]) -> dict[str, object]:
        known = [str(field.alias) for field in cls.model_fields.values()]
        for name in given:
            if name not in known:
                allowed = f"allowed are {', '.join(known)}" if known else "there are none here"
                raise PydanticCustomError(
                    UNKNOWN_PARAMETER,
                    "There is no parameter {name}: {allowed}.",
                    {"name": name, "allowed": allowed},
                )
        return given


class NoQuery(AnyQuery):
    """No parameter at all."""


class StatusQuery(AnyQuery):
    """What the status may be asked for."""

    subscription: SubscriptionId | SkipJsonSchema[None] = Field(
        None, description="The id of one subscription; without it, the answer is the estate's."
    )


class FindingsQuery(AnyQuery):
    """What findings may be asked for."""

    verdict: Verdict | SkipJsonSchema[None] = Field(None, description="Only this verdict.")
    reason: Reason | SkipJsonSchema[None] = Field(None, description="Only this reason.")
    kind: str | SkipJsonSchema[None] = Field(
        None,
        description="Only this kind of account, in any case; `unknown` is those without a kind.",
    )
    location: Location | SkipJsonSchema[None] = Field(
        None, description="Only this location, in any case; blanks do not count."
    )
    subscription: SubscriptionId | SkipJsonSchema[None] = Field(
        None, description="Only this subscription."
    )
    key_health: KeyState | SkipJsonSchema[None] = Field(
        None, description="Only accounts whose key is in this health."
    )
    q: Words | SkipJsonSchema[None] = Field(
        None,
        description="Only where each of these words stands in the name of the account, its "
        "resource group or subscription, or in a tag's name or value, in any case.",
    )
    top: Top = Field(DEFAULT_PAGE_SIZE, description="The most findings on a page.")
    skip_token: SkipToken | SkipJsonSchema[None] = Field(None, description=_SKIP_TOKEN)
    format: Literal["json", "csv"] = Field(
        "json", description="`csv` is for spreadsheets; its next page is in the header `Link`."
    )


class SubscriptionsQuery(AnyQuery):
    """What subscriptions may be asked for."""

    coverage: ApiCoverage | SkipJsonSchema[None] = Field(None, description="Only this coverage.")
    top: Top = Field(DEFAULT_PAGE_SIZE, description="The most subscriptions on a page.")
    skip_token: SkipToken | SkipJsonSchema[None] = Field(None, description=_SKIP_TOKEN)


class ScansQuery(AnyQuery):
    """How much of the history."""

    top: Top = Field(DEFAULT_PAGE_SIZE, description="The most scans on a page.")
    skip_token: SkipToken | SkipJsonSchema[None] = Field(None, description=_SKIP_TOKEN)


class ChangesQuery(AnyQuery):
    """From where on changes are asked for."""

    since: Cursor | SkipJsonSchema[None] = Field(
        None,
        description="Only changes behind this one, taken from a `nextLink` or `deltaLink`; "
        "without it, all that are kept.",
    )
    top: Top = Field(DEFAULT_PAGE_SIZE, description="The most changes on a page.")
    last: Last | SkipJsonSchema[None] = Field(
        None,
        description="Only the newest so many changes, and those to come; not together with "
        "`since`.",
    )

    @model_validator(mode="before")
    @classmethod
    def _refuse_two_beginnings(cls, given: dict[str, object]) -> dict[str, object]:
        if {"last", "since"} <= given.keys():
            raise PydanticCustomError(
                NOT_TOGETHER,
                "{name} does not go together with since: each says where to begin.",
                {"name": "last"},
            )
        return given
