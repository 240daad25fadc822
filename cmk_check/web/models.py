"""The contract of the HTTP API: what callers may send and what they get, in their names and order.

These models make the OpenAPI document and the answers alike, so the two cannot differ. Microsoft's
REST guidelines rule the shape: camelCase, times in UTC with ``Z``, ``value`` and ``nextLink``.
"""

import re
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from cmk_check.core.model import (
    GapReason,
    PostureReason,
    Reason,
    ScanState,
    Trigger,
    Verdict,
)

MOST: Final = 1000
_GUID: Final = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
# A place is two keys of 512 characters at most and what parts them, in base64.
_LONGEST_TOKEN: Final = 1400

UNKNOWN_PARAMETER: Final = "unknown_parameter"


def written(time: datetime) -> str:
    """Write a time as the API does: UTC, whole seconds."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _whole(value: object) -> object:
    """Refuse what int() would read although nobody means it: "1_0", "+1", " 1", "1.0"."""
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{1,9}", value):
        raise ValueError("not a whole number")
    return value


Time = Annotated[
    datetime,
    PlainSerializer(written, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
SubscriptionId = Annotated[str, Field(pattern=_GUID), AfterValidator(str.lower)]


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
    top: Annotated[int, BeforeValidator(_whole)] = Field(
        100, ge=1, le=MOST, description="The most findings on a page."
    )
    skip_token: str | SkipJsonSchema[None] = Field(
        None, max_length=_LONGEST_TOKEN, description="Where to go on, taken from a `nextLink`."
    )


class _Answer(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, frozen=True)

    def body(self) -> bytes:
        """Write it as JSON."""
        return self.model_dump_json(by_alias=True).encode()


class ReasonOfPosture(_Answer):
    """Why a posture is what it is, and what to do about it."""

    code: PostureReason
    message: str


class CountsOfKind(_Answer):
    """Accounts of one kind by verdict."""

    compliant: int
    non_compliant: int
    unknown: int


class Accounts(_Answer):
    """Accounts in scope by verdict; of `unread` of them it is the last one known."""

    total: int
    compliant: int
    non_compliant: int
    unknown: int
    unread: int
    by_kind: dict[str, CountsOfKind]
    ignored_by_kind: dict[str, int]


class Subscriptions(_Answer):
    """Subscriptions by coverage."""

    total: int
    read: int
    gap: int
    excluded: int
    retired: int


class Gap(_Answer):
    """A subscription that was not read to its end."""

    subscription_id: str
    name: str | None
    reason: GapReason
    missing_action: str | None
    detail: str | None
    since: Time


class LastScan(_Answer):
    """The latest scan that ended."""

    id: str
    state: ScanState
    trigger: Trigger
    started_at: Time
    finished_at: Time | None
    reason: str | None


class Status(_Answer):
    """The posture of the estate or of one subscription, and what it rests on."""

    posture: Verdict
    reasons: list[ReasonOfPosture]
    as_of: Time | None
    fresh_until: Time | None
    fresh: bool
    accounts: Accounts
    keys: None
    subscriptions: Subscriptions
    gaps: Annotated[list[Gap], Field(max_length=50)]
    gaps_omitted: int
    last_scan: LastScan | None


class Evidence(_Answer):
    """What a verdict rests on; `keyVersion` is a version, `automatic`, or null without a key."""

    key_source: str | None
    key_name: str | None
    key_version: str | None
    key_vault_uri: str | None
    identity_type: str | None
    identity_client_id: str | None
    provisioning_state: str | None


class Finding(_Answer):
    """An account with its verdict; `firstSeen` and `changedAt` are null for `row_too_new`."""

    id: str
    name: str
    resource_group: str
    subscription_id: str
    subscription_name: str | None
    tenant_id: str | None
    kind: str | None
    location: str | None
    tags: dict[str, str]
    verdict: Verdict
    reason: Reason
    message: str
    rule_version: str
    evidence: Evidence
    key_health: None
    first_seen: Time | None
    changed_at: Time | None
    violated_since: Time | None
    previous_verdict: Verdict | None
    coverage: Literal["read", "gap", "excluded", "retired"]
    as_of: Time | None
    portal_url: str


class FindingsPage(_Answer):
    """Findings by subscription, group and name; `nextLink` is absent on the last page."""

    value: list[Finding]
    next_link: str | SkipJsonSchema[None] = Field(None, exclude_if=lambda link: link is None)


class ErrorDetail(_Answer):
    """What went wrong; `target` names the parameter or resource concerned."""

    code: str
    message: str
    target: str | None


class Error(_Answer):
    """The envelope of every error."""

    error: ErrorDetail
