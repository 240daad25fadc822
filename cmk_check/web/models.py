"""The response models of the HTTP API, with the contract's names and order of fields.

The same models make the OpenAPI document and the responses, so the two cannot differ. The shape
follows Microsoft's REST guidelines: camelCase, times in UTC with ``Z``, ``value``, ``nextLink``.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from cmk_check.core.cross_check import CrossCheckState
from cmk_check.core.enums import (
    Actor,
    ChangeType,
    CoverageState,
    GapReason,
    KeyState,
    PostureReason,
    PostureVerdict,
    Reason,
    ReasonArea,
    ReasonSeverity,
    ScanState,
    Trigger,
    Verdict,
    WatchState,
)
from cmk_check.core.reasons.catalogue import ReasonCode
from cmk_check.limits import MAX_GAPS_LISTED, MAX_TRANSITIONS
from cmk_check.web.aspect_models import (
    Control,
    Evidence,
    Owner,
    Sides,
    Sums,
    SumsOfOwner,
    SumsOfScan,
)
from cmk_check.web.json_model import Answer, Omittable, Time

# Absent where there is nothing to link to, and never null.
Link = Annotated[Omittable[str], Field(exclude_if=lambda link: link is None)]


class ListPage[T](Answer):
    """A page of a list; `nextLink` is absent on the last one."""

    value: list[T]
    next_link: Link = None


class ReasonOfPosture(Answer):
    """A reason for the posture, and what to do about it."""

    code: PostureReason
    message: str


class CountsOfKind(Answer):
    """Accounts of one kind by verdict."""

    compliant: int
    non_compliant: int
    unknown: int


class Accounts(Answer):
    """Accounts in scope by verdict; for `unread` of them the last known verdict is counted.

    `excepted` of the non-compliant ones have an exception that is honoured.
    """

    total: int
    compliant: int
    non_compliant: int
    unknown: int
    unread: int
    excepted: int
    by_kind: dict[str, CountsOfKind]
    ignored_by_kind: dict[str, int]


class Subscriptions(Answer):
    """Subscriptions by coverage."""

    total: int
    read: int
    gap: int
    excluded: int
    retired: int


class Gap(Answer):
    """A subscription that was not read completely; `since` is null if its row is unusable."""

    subscription_id: str
    name: str | None
    reason: GapReason
    missing_action: str | None
    detail: str | None
    since: Time | None


class LastScan(Answer):
    """The latest full scan that ended."""

    id: str
    state: ScanState
    trigger: Trigger
    started_at: Time
    finished_at: Time | None
    reason: str | None


class CrossCheck(Answer):
    """How far Azure's lists were compared with Resource Graph, and how many accounts they lacked.

    Lacking accounts that are really gone do not count.
    """

    state: CrossCheckState
    differences: int


# As below: the fields of the last base come first, then those of aspects, then the model's own.
class _ScanOfScope(LastScan):
    scope: Literal["full", "partial"]
    requested_subscriptions: int | None
    not_found: Annotated[list[str], Field(max_length=MAX_GAPS_LISTED)]
    not_found_omitted: int
    posture: PostureVerdict | None
    accounts: Accounts | None


class Scan(SumsOfScan, _ScanOfScope):
    """A scan; its results are null while it runs and if it failed or was abandoned.

    A partial scan has read only the subscriptions that were asked for: its counts are theirs, its
    posture is that of the estate. `notFound` are requested ids that it left out because Azure, the
    recorded subscriptions and the settings do not have them. `crossCheck` is null also if nothing
    was compared.
    """

    subscriptions: Subscriptions | None
    changes: int | None
    cross_check: CrossCheck | None
    rule_version: str


class ScansPage(ListPage[Scan]):
    """Scans, newest first; `nextLink` is absent on the last page."""


class ScanStarted(Answer):
    """The scan that was started; the `Location` header links to it."""

    id: str


class ChangeEvent(Answer):
    """A change as a CloudEvent 1.0; a repeated delivery has the same `id`.

    The fields of `data` depend on `type`; `sequence`, `scanId`, `ruleVersion` and `baseline` are
    always present.
    """

    specversion: Literal["1.0"]
    id: str
    type: ChangeType
    time: Time
    source: str
    subject: str
    datacontenttype: Literal["application/json"]
    data: dict[str, Any]


class ChangesPage(Answer):
    """Changes, oldest first; `nextLink` if there are more now, otherwise `deltaLink`."""

    value: list[ChangeEvent]
    next_link: Link = Field(None, description="The changes after these.")
    delta_link: Link = Field(
        None, description="Future changes; keep this link and request it later."
    )


class Watch(Answer):
    """The watch for changes: `blind` if Azure does not tell it what has changed.

    `lastLook` is when Azure last told it, `lastChange` when the latest change was. All are null
    before its first look.
    """

    last_look: Time | None
    last_change: Time | None
    state: WatchState | None


class _Posture(Answer):
    posture: PostureVerdict
    reasons: list[ReasonOfPosture]
    as_of: Time | None
    fresh_until: Time | None
    fresh: bool
    accounts: Accounts


class Status(Sums, _Posture):
    """The posture of the estate or of one subscription, with its reasons and counts.

    `managementGroup` is the name of the group whose subscriptions had to be visible to the last
    full scan, null if none. `watch` is null if there is no watch for changes. `azurePolicy` is null
    until the next scan after an upgrade from a version that did not count it.
    """

    subscriptions: Subscriptions
    management_group: str | None
    gaps: Annotated[list[Gap], Field(max_length=MAX_GAPS_LISTED)]
    gaps_omitted: int
    last_scan: LastScan | None
    watch: Watch | None


class _Account(Answer):
    id: str
    name: str
    resource_group: str
    subscription_id: str
    subscription_name: str | None
    tenant_id: str | None
    kind: str | None
    location: str | None
    tags: dict[str, str]
    owner: Owner | None
    verdict: Verdict
    reason: Reason
    message: str
    rule_version: str
    evidence: Evidence


class Finding(Sides, _Account):
    """An account with its verdict; `firstSeen` and `changedAt` are null for `row_too_new`.

    These dates and `violatedSince` are when a scan of cmk_check saw it, for the first time: the
    account, its latest change, its violation. The account and the violation may be older.
    """

    first_seen: Time | None
    changed_at: Time | None
    violated_since: Time | None
    previous_verdict: Verdict | None
    coverage: CoverageState
    as_of: Time | None
    portal_url: str


class FindingsPage(ListPage[Finding]):
    """Findings by subscription, group and name; `nextLink` is absent on the last page."""


class Transition(Answer):
    """One entry of a finding's history; `keyHealth` is null if its key was not read."""

    at: Time
    verdict: Verdict
    reason: Reason
    key_health: KeyState | None
    scan_id: str


class RemediationStep(Answer):
    """What to do, why, and what to be careful about."""

    title: str
    why: str
    warning: str | None


class Remediation(Answer):
    """How to fix a finding: in words, as a bash script of `az` commands, and maybe as Bicep."""

    summary: str
    steps: list[RemediationStep]
    az: str
    bicep: str | None


class FindingDetail(Finding):
    """A finding with its last 20 transitions, oldest first; `changes` counts all of them.

    `limits` says what a customer-managed key does not cover.
    """

    history: Annotated[list[Transition], Field(max_length=MAX_TRANSITIONS)]
    changes: int
    remediation: Remediation | None
    limits: list[str]
    controls: list[Control]


class GapOfSubscription(Answer):
    """Why a subscription was not read completely, and what to do."""

    reason: GapReason
    missing_action: str | None
    detail: str | None


class _Covered(Answer):
    subscription_id: str
    name: str | None
    tenant_id: str | None
    state: str | None
    coverage: CoverageState
    since: Time | None
    gap: GapOfSubscription | None
    last_read: Time | None
    accounts: Accounts


class Subscription(Sums, _Covered):
    """A subscription; `state` is Azure's, `lastRead` is when it was last read completely.

    `sequence` is that of its last change, 0 before the first. If its row is unusable, `since`,
    `sequence` and all other values from the row are null.
    """

    sequence: int | None


class SubscriptionsPage(ListPage[Subscription]):
    """Subscriptions by id; `nextLink` is absent on the last page."""


class _Owned(Answer):
    owner: str | None
    accounts: CountsOfKind


class OwnerSums(SumsOfOwner, _Owned):
    """The accounts of one owner by verdict, and their keys; `owner` is null for those without one.

    `oldestViolation` is the earliest `violatedSince`. `keys` is null if keys are not read,
    `dataStores` if no data store was looked at. For `unread` of the accounts the last known verdict
    is counted, because their subscription was not read.
    """

    oldest_violation: Time | None
    unread: int


class OwnersPage(ListPage[OwnerSums]):
    """Owners by name, after the accounts without one; `nextLink` is absent on the last page."""


class CatalogueReason(Answer):
    """What a reason means, what ends it, and who has to act."""

    code: ReasonCode
    area: ReasonArea
    severity: ReasonSeverity
    message: str
    way_out: str
    actor: Actor
    when: str | None


class ErrorDetail(Answer):
    """What went wrong; `target` names the parameter or resource."""

    code: str
    message: str
    target: str | None


# A class called like its field, Error, is one that generators of clients write wrong types for.
class ErrorResponse(Answer):
    """The envelope of every error."""

    error: ErrorDetail
