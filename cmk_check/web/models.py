"""The response models of the HTTP API, with the contract's field names and order.

The OpenAPI document and the responses come from the same models, so they cannot differ. The format
follows Microsoft's REST guidelines: camelCase, times in UTC with ``Z``, ``value``, ``nextLink``.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from cmk_check.core.cross_check import CrossCheckState
from cmk_check.core.enums import (
    Actor,
    ChangeType,
    CoverageState,
    DueState,
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
from cmk_check.core.period import Happening
from cmk_check.core.reasons.catalogue import ReasonCode
from cmk_check.limits import (
    MAX_GAPS_LISTED,
    MAX_NAMES_OF_KEY,
    MAX_PERIOD_CHANGES_LISTED,
    MAX_TRANSITIONS,
)
from cmk_check.web.aspect_models import (
    Accounts,
    Control,
    CountsOfKind,
    Evidence,
    Keys,
    Owner,
    Sides,
    Sums,
)
from cmk_check.web.json_model import Answer, Omittable, Time

# Missing if there is nothing to link to, and never null.
Link = Annotated[Omittable[str], Field(exclude_if=lambda link: link is None)]


class ListPage[T](Answer):
    """A page of a list; `nextLink` is absent on the last one."""

    value: list[T] = Field(description="The entries.")
    next_link: Link = Field(None, description="A link to the next page; absent on the last page.")


class ReasonOfPosture(Answer):
    """A reason for the posture, and what to do about it."""

    code: PostureReason = Field(description="The reason's code; `GET /api/v1/reasons` explains it.")
    message: str = Field(description="An explanation of the reason, with counts, and what to do.")


class Subscriptions(Answer):
    """Subscriptions by coverage."""

    total: int = Field(description="All known subscriptions.")
    read: int = Field(description="Subscriptions that the last scan read completely.")
    gap: int = Field(description="Subscriptions that the last scan did not read completely.")
    excluded: int = Field(description="Subscriptions that the settings exclude.")
    retired: int = Field(description="Subscriptions that Azure lists as deleted.")


class _Named(Answer):
    subscription_id: str = Field(description="The id of the subscription.")
    name: str | None = Field(description="The subscription's name, if Azure ever returned it.")


class GapOfSubscription(Answer):
    """Why a subscription was not read completely, and what to do."""

    reason: GapReason = Field(description="Why the subscription was not read completely.")
    missing_action: str | None = Field(description="The permission that the app lacks, if any.")
    detail: str | None = Field(description="An explanation of the gap, and what to do.")


# In these models, the fields of the last base class come first, then the aspects' fields, then the
# model's own.
class Gap(GapOfSubscription, _Named):
    """A subscription that was not read completely."""

    since: Time | None = Field(description="When the gap began; null if the stored row is invalid.")


class LastScan(Answer):
    """The latest full scan that ended."""

    id: str = Field(description="The id of the scan.")
    state: ScanState = Field(description="The scan's state; `incomplete` if it has a gap.")
    trigger: Trigger = Field(description="What started the scan.")
    started_at: Time = Field(description="When the scan acquired its lease.")
    finished_at: Time | None = Field(description="When the scan ended; null while it runs.")
    reason: str | None = Field(description="Why the scan failed or was abandoned; otherwise null.")
    overdue: bool = Field(description="Whether the scan started because the timer had not fired.")


class Unpublished(Answer):
    """Recorded changes that are not published: no alert has been sent for them."""

    changes: int = Field(description="The number of unpublished changes; normally 0.")
    since: Time | None = Field(description="The time of the oldest unpublished change, if known.")


class CrossCheck(Answer):
    """The comparison of Azure's lists with Resource Graph."""

    state: CrossCheckState = Field(description="Whether all, some or no lists were compared.")
    differences: int = Field(description="Accounts that may exist but are not in Azure's lists.")


class Scan(LastScan):
    """A scan; its results are null while it runs and if it failed or was abandoned.

    A partial scan reads and counts only the requested subscriptions.
    """

    scope: Literal["full", "partial"] = Field(description="Whether it is a full or a partial scan.")
    requested_subscriptions: int | None = Field(
        description="The number of requested subscriptions; null for a full scan."
    )
    not_found: list[str] = Field(
        max_length=MAX_GAPS_LISTED,
        description="Requested ids that are unknown to Azure, the records and the settings.",
    )
    not_found_omitted: int = Field(description="The number of further ids that `notFound` omits.")
    posture: PostureVerdict | None = Field(description="The estate's posture when the scan ended.")
    accounts: Accounts | None = Field(description="The accounts that the scan read.")
    subscriptions: Subscriptions | None = Field(description="The scan's subscriptions by coverage.")
    changes: int | None = Field(description="The number of changes that the scan recorded.")
    cross_check: CrossCheck | None = Field(description="The comparison; null if there was none.")
    rule_version: str = Field(description="The version of the rule that gave the verdicts.")


class Progress(Answer):
    """How far a running scan is."""

    slices: int | None = Field(description="The number of the scan's parts, once it is planned.")
    slices_done: int = Field(description="The number of parts that are done.")
    slices_in_work: int = Field(description="The parts in work; if this stays 0, the scan hangs.")
    subscriptions_done: int = Field(description="The number of subscriptions in finished parts.")
    lease_expires_at: Time | None = Field(
        description="When the scan's lease expires; null if another scan may already replace it."
    )


class ScanInDetail(Scan):
    """A scan, with its progress while it runs."""

    progress: Progress | None = Field(
        description="The progress; null if it cannot be read or the scan has ended."
    )


class ScansPage(ListPage[Scan]):
    """Scans, newest first; `nextLink` is absent on the last page."""


class ScanStarted(Answer):
    """The scan that was started; the `Location` header links to it."""

    id: str = Field(description="The id of the scan.")


class ChangeEvent(Answer):
    """A change as a CloudEvent 1.0."""

    specversion: Literal["1.0"] = Field(description="The version of CloudEvents.")
    id: str = Field(description="The change's unique id, also if it is delivered again.")
    type: ChangeType = Field(description="The type of change; it determines the fields of `data`.")
    time: Time = Field(description="When the scan found the change.")
    source: str = Field(description="The path of the changed subscription or of the scan.")
    subject: str = Field(description="The path of the account, subscription or scan that changed.")
    datacontenttype: Literal["application/json"] = Field(description="The type of `data`.")
    data: dict[str, Any] = Field(
        description="`scanId`, `ruleVersion`, `baseline`, `sequence`, and fields for the `type`."
    )


class Happened(Answer):
    """Accounts or subscriptions to which the same happened."""

    count: int = Field(description="The number of distinct accounts or subscriptions.")
    latest: list[ChangeEvent] = Field(
        description="The latest change to each account or subscription, newest first; at most "
        f"{MAX_PERIOD_CHANGES_LISTED}."
    )


class Period(Answer):
    """What happened in the last days."""

    since: Time = Field(description="The start of the period.")
    until: Time = Field(description="The end of the period, which is now.")
    begins: Time | None = Field(
        description="The time of the oldest change that could be read; null if all changes of the "
        "period could be read."
    )
    text: str = Field(description="A summary of what happened, in one phrase.")
    first_scan: Time | None = Field(
        description="When the first scan finished, if in this period; its changes are not counted."
    )
    waiting: int = Field(description="Recorded changes, not counted as they are not published.")
    happened: dict[Happening, Happened] = Field(
        description="Accounts or subscriptions by what happened to them: "
        + ", ".join(f"`{each}`" for each in Happening)
        + ". Changes of keys are counted by account, and gaps by subscription."
    )


class ChangesPage(Answer):
    """Changes, oldest first; `nextLink` if there are more now, otherwise `deltaLink`."""

    value: list[ChangeEvent] = Field(description="The changes.")
    next_link: Link = Field(None, description="A link to the next changes.")
    delta_link: Link = Field(None, description="A link to later changes; keep it and poll it.")


class Watch(Answer):
    """The watch for changes."""

    last_look: Time | None = Field(description="When Azure last answered the watch, if ever.")
    last_change: Time | None = Field(description="When the latest change seen in Azure happened.")
    state: WatchState | None = Field(description="`blind` if Azure does not report changes.")


class _Posture(Answer):
    posture: PostureVerdict = Field(description="The result for the estate or the subscription.")
    reasons: list[ReasonOfPosture] = Field(description="Reasons for the posture, and what to do.")
    as_of: Time | None = Field(
        description="When the last full scan started; for one subscription, when it was last read."
    )
    fresh_until: Time | None = Field(description="When the result becomes too old to rely on.")
    fresh: bool = Field(description="Whether the result is recent enough to rely on.")
    accounts: Accounts = Field(description="The accounts in scope.")


class Status(Sums, _Posture):
    """The posture of the estate or of one subscription, with its reasons and counts."""

    subscriptions: Subscriptions = Field(description="All known subscriptions.")
    management_group: str | None = Field(
        description="The management group that the last full scan had to cover, if any."
    )
    gaps: list[Gap] = Field(
        max_length=MAX_GAPS_LISTED,
        description="The first gaps; `GET /api/v1/subscriptions?coverage=gap` lists all.",
    )
    gaps_omitted: int = Field(description="The number of further gaps that `gaps` omits.")
    last_scan: LastScan | None = Field(description="The latest full scan that ended.")
    unpublished: Unpublished = Field(
        description="Changes of the estate that are not yet published."
    )
    watch: Watch | None = Field(description="The watch for changes in Azure; null if it is off.")


class _Account(Answer):
    id: str = Field(description="The account's ARM id, in lower case.")
    name: str = Field(description="The account's name, as Azure spells it.")
    resource_group: str = Field(description="The resource group's name, as Azure spells it.")
    subscription_id: str = Field(description="The id of the subscription.")
    subscription_name: str | None = Field(description="Null if Azure never returned the name.")
    tenant_id: str | None = Field(description="The id of the subscription's tenant.")
    kind: str | None = Field(description="The kind, such as `OpenAI`; null if Azure returns none.")
    location: str | None = Field(description="The account's region.")
    tags: dict[str, str] = Field(description="The account's tags that the settings select.")
    owner: Owner | None = Field(description="The account's owner; null if no tag names an owner.")
    verdict: Verdict = Field(description="Whether a customer-managed key encrypts the account.")
    reason: Reason = Field(description="The verdict's reason; `GET /api/v1/reasons` explains it.")
    message: str = Field(description="An explanation of the reason, and what to do.")
    rule_version: str = Field(description="The version of the rule that gave the verdict.")
    evidence: Evidence = Field(description="The facts behind the verdict.")


class Finding(Sides, _Account):
    """An account with its verdict; its dates are null for `row_too_new`."""

    first_seen: Time | None = Field(description="When a scan first saw the account.")
    changed_at: Time | None = Field(description="When a scan last found the account changed.")
    violated_since: Time | None = Field(
        description="When a scan first found the account non-compliant; the violation may be older."
    )
    due_at: Time | None = Field(
        description="When the violation or the broken key must be fixed; null if there is no due "
        "date, or if `CMK_FIX_WITHIN_DAYS` is not set."
    )
    due: DueState | None = Field(description="`overdue` once a scan finds the due date passed.")
    previous_verdict: Verdict | None = Field(description="The verdict before the current one.")
    coverage: CoverageState = Field(description="Whether the account's subscription was read.")
    as_of: Time | None = Field(description="When the account's subscription was last read.")
    portal_url: str = Field(description="The address of the account in the Azure portal.")


class FindingsPage(ListPage[Finding]):
    """Findings by subscription, resource group and name; the last page has no `nextLink`."""


class Transition(Answer):
    """One entry of a finding's history."""

    at: Time = Field(description="When a scan found the change.")
    verdict: Verdict = Field(description="The account's verdict after the change.")
    reason: Reason = Field(description="The reason for this verdict.")
    key_health: KeyState | None = Field(description="The state of its key; null if not read.")
    scan_id: str = Field(description="The id of the scan that found the change.")


class RemediationStep(Answer):
    """One step of a plan."""

    title: str = Field(description="What to do in this step.")
    why: str = Field(description="Why the step is needed.")
    warning: str | None = Field(description="What to be careful about in this step.")


class Remediation(Answer):
    """How to fix a finding."""

    summary: str = Field(description="What the plan does, in one sentence.")
    warning: str | None = Field(
        description="What to do first if Terraform manages the account; null if not needed."
    )
    steps: list[RemediationStep] = Field(description="What the script does, in order.")
    portal: str = Field(description="The steps in the Azure portal, as Markdown.")
    az: str = Field(description="A bash script of `az` commands.")
    terraform: str = Field(description="A Terraform root module for the azurerm provider.")
    bicep: str | None = Field(description="A Bicep template, if a template can fix the finding.")


class AboutRule(Answer):
    """What the rule is for; the same for every finding."""

    severity: str = Field(description="The severity of a violation.")
    category: str = Field(description="What the rule protects.")
    why: list[str] = Field(
        description="Three sentences on what a customer-managed key protects and what it does not."
    )


class SelfCheck(Answer):
    """How to see the fact on which the verdict rests, without this app."""

    az: str = Field(description="An `az` command, which only reads.")
    portal: str = Field(description="Where to look in the Azure portal.")


class FindingDetail(Finding):
    """A finding with its history and what to do."""

    history: list[Transition] = Field(
        max_length=MAX_TRANSITIONS, description="The account's last transitions, oldest first."
    )
    changes: int = Field(description="The number of all transitions.")
    remediation: Remediation | None = Field(
        description="How to fix the finding; null if nothing is wrong or no command can fix it."
    )
    limits: list[str] = Field(description="What the account's key does not cover.")
    controls: list[Control] = Field(description="The controls for which the finding is evidence.")
    rule: AboutRule = Field(description="Why the finding matters.")
    check: SelfCheck = Field(description="How to check the verdict yourself.")


class _Covered(_Named):
    tenant_id: str | None = Field(description="The id of the subscription's tenant.")
    state: str | None = Field(description="The subscription's state in Azure, such as `Enabled`.")
    coverage: CoverageState = Field(description="Whether the subscription was read.")
    since: Time | None = Field(description="When this coverage began.")
    gap: GapOfSubscription | None = Field(description="Why the subscription was not read, if so.")
    last_read: Time | None = Field(description="When the subscription was last read completely.")
    accounts: Accounts = Field(description="The subscription's accounts in scope.")


class Subscription(Sums, _Covered):
    """A subscription; if its row is unusable, all values from the row are null."""

    sequence: int | None = Field(description="The number of the subscription's last change, or 0.")


class SubscriptionsPage(ListPage[Subscription]):
    """Subscriptions by id; `nextLink` is absent on the last page."""


class _Owned(Answer):
    owner: str | None = Field(description="The owner as tagged; null if no tag names an owner.")
    accounts: CountsOfKind = Field(description="The accounts by verdict.")


class OwnerSums(Sums, _Owned):
    """The accounts of one owner by verdict, and their keys."""

    overdue: int = Field(description="The number of accounts that a scan found past due.")
    oldest_violation: Time | None = Field(description="The earliest `violatedSince`.")
    unread: int = Field(description="Accounts not read by the last scan, with last known verdicts.")


class OwnersPage(ListPage[OwnerSums]):
    """Owners by name, after the accounts without an owner; the last page has no `nextLink`."""


type _Few = Annotated[list[str], Field(max_length=MAX_NAMES_OF_KEY)]


class KeyInUse(Answer):
    """A key, across its versions, and what depends on it."""

    id: str = Field(description="The address of the key without a version, in lower case.")
    name: str = Field(description="The name of the key.")
    message: str = Field(description="A sentence on what happens if the key stops working.")
    vault_id: str | None = Field(description="The ARM id of the key's vault, if it was found.")
    shared: bool = Field(description="Whether more than one account depends on the key.")
    accounts: int = Field(
        description="The accounts that depend on the key; `GET /api/v1/findings?key=` lists them."
    )
    owners: int = Field(description="The number of owners of the key's accounts.")
    unowned: int = Field(description="The number of the key's accounts without an owner.")
    unread: int = Field(description="The key's accounts that the last scan did not read.")
    keys: Keys | None = Field(
        description="The accounts that use the key, by key health; null if keys are not read."
    )
    pinned: int = Field(description="The number of accounts pinned to one version of the key.")
    expires: Time | None = Field(description="The earliest expiry date of the versions in use.")
    next_rotation_at: Time | None = Field(
        description="When the key's rotation policy creates the next version; see `KeyHealth`."
    )
    owner_names: _Few = Field(description="The names of the accounts' owners, at most 100.")
    versions: _Few = Field(description="The versions of the key in use, at most 100.")
    identities: _Few = Field(
        description="The object ids of the identities that use the key, at most 100."
    )


class KeysPage(ListPage[KeyInUse]):
    """Keys by id; `nextLink` is absent on the last page."""

    caution: str = Field(description="How old the data is, and what the counts do not include.")


class CatalogueReason(Answer):
    """One reason of the catalogue."""

    code: ReasonCode = Field(description="The reason's code in findings, gaps and postures.")
    area: ReasonArea = Field(description="What the reason applies to.")
    severity: ReasonSeverity = Field(description="How serious the reason is.")
    message: str = Field(description="What the reason means.")
    way_out: str = Field(description="How to fix the problem.")
    actor: Actor = Field(description="Who must act.")
    when: str | None = Field(description="When the reason applies; null if `message` says so.")


class ErrorDetail(Answer):
    """What went wrong."""

    code: str = Field(description="The kind of error; clients can rely on this code.")
    message: str = Field(description="What is wrong, and what to do.")
    target: str | None = Field(description="The parameter or resource with the error.")


# Not named Error, like its field, because client generators would write wrong types.
class ErrorResponse(Answer):
    """The envelope of every error."""

    error: ErrorDetail = Field(description="What went wrong.")
