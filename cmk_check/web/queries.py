"""The contract of the HTTP API, the other half: what callers may send.

Strict, because a parameter that is passed over or bent to fit shows everything as if it matched.
"""

import re
from typing import Annotated, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from cmk_check.core.words import Verdict

MOST: Final = 1000
UNKNOWN_PARAMETER: Final = "unknown_parameter"
_GUID: Final = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
# A place is two keys of 512 characters at most and what parts them, in base64.
_LONGEST_TOKEN: Final = 1400
_SKIP_TOKEN: Final = "Where to go on, taken from a `nextLink`."  # noqa: S105 - no password


def _whole(value: object) -> object:
    """Refuse what int() would read although nobody means it: "1_0", "+1", " 1", "1.0"."""
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{1,9}", value):
        raise ValueError("not a whole number")
    return value


SubscriptionId = Annotated[str, Field(pattern=_GUID), AfterValidator(str.lower)]
Top = Annotated[int, Field(ge=1, le=MOST), BeforeValidator(_whole)]
SkipToken = Annotated[str, Field(max_length=_LONGEST_TOKEN)]
# A number of the feed, which callers need not know; 18 digits fit every integer there is.
Cursor = Annotated[str, Field(pattern=r"^[0-9]{1,18}$")]


class _Query(BaseModel):
    """Parameters; a name that is not among them is refused rather than passed over."""

    model_config = ConfigDict(alias_generator=to_camel, frozen=True)

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


class NoQuery(_Query):
    """No parameter at all."""


class StatusQuery(_Query):
    """What the status may be asked for."""

    subscription: SubscriptionId | SkipJsonSchema[None] = Field(
        None, description="The id of one subscription; without it, the answer is the estate's."
    )


class FindingsQuery(_Query):
    """What findings may be asked for."""

    verdict: Verdict | SkipJsonSchema[None] = Field(None, description="Only this verdict.")
    kind: str | SkipJsonSchema[None] = Field(
        None,
        description="Only this kind of account, in any case; `unknown` is those without a kind.",
    )
    subscription: SubscriptionId | SkipJsonSchema[None] = Field(
        None, description="Only this subscription."
    )
    top: Top = Field(100, description="The most findings on a page.")
    skip_token: SkipToken | SkipJsonSchema[None] = Field(None, description=_SKIP_TOKEN)


class ScansQuery(_Query):
    """How much of the history."""

    top: Top = Field(100, description="The most scans on a page.")
    skip_token: SkipToken | SkipJsonSchema[None] = Field(None, description=_SKIP_TOKEN)


class ChangesQuery(_Query):
    """From where on changes are asked for."""

    since: Cursor | SkipJsonSchema[None] = Field(
        None,
        description="Only changes behind this one, taken from a `nextLink` or `deltaLink`; "
        "without it, all that are kept.",
    )
    top: Top = Field(100, description="The most changes on a page.")
