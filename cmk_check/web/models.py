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
    next_link: Link = Field(None, description="The next page; absent on the last one.")


class ReasonOfPosture(Answer):
    """A reason for the posture, and what to do about it."""

    code: PostureReason = Field(description="The reason, as in `GET /api/v1/reasons`.")
    message: str = Field(description="What the reason means here, with counts, and what to do.")


class Subscriptions(Answer):
    """Subscriptions by coverage."""

    total: int = Field(description="All subscriptions.")
    read: int = Field(description="Read completely by the last scan.")
    gap: int = Field(description="Not read completely.")
    excluded: int = Field(description="Excluded by the settings.")
    retired: int = Field(description="Listed as deleted by Azure.")


class _Named(Answer):
    subscription_id: str = Field(description="The id of the subscription.")
    name: str | None = Field(description="Null if Azure has never returned a name.")


class GapOfSubscription(Answer):
    """Why a subscription was not read completely, and what to do."""

    reason: GapReason = Field(description="Why it was not read completely.")
    missing_action: str | None = Field(description="The missing permission, if there is one.")
    detail: str | None = Field(description="What happened, and what to do.")


# In these models, the fields of the last base class come first, then the aspects' fields, then the
# model's own.
class Gap(GapOfSubscription, _Named):
    """A subscription that was not read completely."""

    since: Time | None = Field(description="When the gap began; null if its row is unusable.")


class LastScan(Answer):
    """The latest full scan that ended."""

    id: str = Field(description="The id of the scan.")
    state: ScanState = Field(description="Its state; `incomplete` means finished with a gap.")
    trigger: Trigger = Field(description="What started the scan.")
    started_at: Time = Field(description="When the scan acquired its lease.")
    finished_at: Time | None = Field(description="When the scan ended; null while it runs.")
    reason: str | None = Field(description="Why the scan failed or was abandoned, if it did.")
    overdue: bool = Field(description="Whether it started because the timer had not fired.")


class Unpublished(Answer):
    """Recorded changes that are not published: no alert has been sent for them."""

    changes: int = Field(description="How many there are; normally 0.")
    since: Time | None = Field(description="When the oldest was recorded; null if not known.")


class CrossCheck(Answer):
    """The comparison of Azure's lists with Resource Graph."""

    state: CrossCheckState = Field(description="How much of the scan was compared.")
    differences: int = Field(description="Accounts missing from the lists that may exist.")


class Scan(LastScan):
    """A scan; its results are null while it runs and if it failed or was abandoned.

    A partial scan reads and counts only the requested subscriptions.
    """

    scope: Literal["full", "partial"] = Field(description="`partial`: some subscriptions only.")
    requested_subscriptions: int | None = Field(
        description="How many were requested; null for a full scan."
    )
    not_found: list[str] = Field(
        max_length=MAX_GAPS_LISTED,
        description="Requested ids that are neither in Azure nor in the records or settings.",
    )
    not_found_omitted: int = Field(description="How many more such ids there are.")
    posture: PostureVerdict | None = Field(description="The estate's posture when the scan ended.")
    accounts: Accounts | None = Field(description="The accounts that the scan read.")
    subscriptions: Subscriptions | None = Field(description="The subscriptions it had to read.")
    changes: int | None = Field(description="The number of changes it recorded.")
    cross_check: CrossCheck | None = Field(description="Null if nothing was compared.")
    rule_version: str = Field(description="The version of the rule behind the verdicts.")


class Progress(Answer):
    """How far a running scan is."""

    slices: int | None = Field(description="Its parts; null until the scan is planned.")
    slices_done: int = Field(description="Parts that are done.")
    slices_in_work: int = Field(description="Parts that a worker holds; 0 for long: it hangs.")
    subscriptions_done: int = Field(description="The subscriptions in the parts that are done.")
    lease_expires_at: Time | None = Field(
        description="When the next scan may replace it, unless it is renewed; null if it may now."
    )


class ScanInDetail(Scan):
    """A scan, with its progress while it runs."""

    progress: Progress | None = Field(description="Null unless it runs and its rows are usable.")


class ScansPage(ListPage[Scan]):
    """Scans, newest first; `nextLink` is absent on the last page."""


class ScanStarted(Answer):
    """The scan that was started; the `Location` header links to it."""

    id: str = Field(description="The id of the scan.")


class ChangeEvent(Answer):
    """A change as a CloudEvent 1.0."""

    specversion: Literal["1.0"] = Field(description="The version of CloudEvents.")
    id: str = Field(description="A unique id; a repeated delivery has the same id.")
    type: ChangeType = Field(description="What happened; `data` depends on it.")
    time: Time = Field(description="When the scan found the change.")
    source: str = Field(description="The path of the subscription or the scan.")
    subject: str = Field(description="The path of the changed account, subscription or scan.")
    datacontenttype: Literal["application/json"] = Field(description="The type of `data`.")
    data: dict[str, Any] = Field(
        description="`scanId`, `ruleVersion`, `baseline`, `sequence`, and the fields of the type."
    )


class Happened(Answer):
    """Accounts or subscriptions to which the same happened."""

    count: int = Field(description="The number of distinct accounts or subscriptions.")
    latest: list[ChangeEvent] = Field(
        description=f"The latest change of each, newest first, at most {MAX_PERIOD_CHANGES_LISTED}."
    )


class Period(Answer):
    """What happened in the last days."""

    since: Time = Field(description="The start of the period.")
    until: Time = Field(description="The end: now.")
    begins: Time | None = Field(
        description="If not all changes could be read, the time of the oldest one that was; "
        "null if nothing of the period is missing."
    )
    text: str = Field(description="What happened, in one phrase.")
    first_scan: Time | None = Field(
        description="When the first scan finished, if in this period; what it found is not news."
    )
    waiting: int = Field(description="Recorded changes that are not published, so not counted.")
    happened: dict[Happening, Happened] = Field(
        description="What happened: "
        + ", ".join(f"`{each}`" for each in Happening)
        + ". Keys count by account, gaps by subscription."
    )


class ChangesPage(Answer):
    """Changes, oldest first; `nextLink` if there are more now, otherwise `deltaLink`."""

    value: list[ChangeEvent] = Field(description="The changes.")
    next_link: Link = Field(None, description="The changes after these.")
    delta_link: Link = Field(None, description="Later changes; keep this link and poll it.")


class Watch(Answer):
    """The watch for changes."""

    last_look: Time | None = Field(description="When Azure last answered; null if it never has.")
    last_change: Time | None = Field(description="The time of the latest change.")
    state: WatchState | None = Field(description="`blind` if Azure reports no changes.")


class _Posture(Answer):
    posture: PostureVerdict = Field(description="The result.")
    reasons: list[ReasonOfPosture] = Field(description="Why, and what to do.")
    as_of: Time | None = Field(
        description="When the last full scan started; for one subscription, when it was read."
    )
    fresh_until: Time | None = Field(description="When the result becomes too old.")
    fresh: bool = Field(description="Whether the result is recent enough to count.")
    accounts: Accounts = Field(description="The accounts in scope.")


class Status(Sums, _Posture):
    """The posture of the estate or of one subscription, with its reasons and counts."""

    subscriptions: Subscriptions = Field(description="All known subscriptions.")
    management_group: str | None = Field(
        description="The group whose subscriptions the last full scan had to cover, if any."
    )
    gaps: list[Gap] = Field(
        max_length=MAX_GAPS_LISTED,
        description="The first gaps; `subscriptions?coverage=gap` lists all.",
    )
    gaps_omitted: int = Field(description="How many more gaps there are.")
    last_scan: LastScan | None = Field(description="The latest full scan that ended.")
    unpublished: Unpublished = Field(description="Changes without an alert, in the whole estate.")
    watch: Watch | None = Field(description="The watch for changes; null if there is none.")


class _Account(Answer):
    id: str = Field(description="The ARM id, in lower case.")
    name: str = Field(description="As Azure spells it.")
    resource_group: str = Field(description="As Azure spells it.")
    subscription_id: str = Field(description="The id of the subscription.")
    subscription_name: str | None = Field(description="Null if Azure has never returned a name.")
    tenant_id: str | None = Field(description="The tenant of the subscription.")
    kind: str | None = Field(description="Such as `OpenAI`; null if Azure does not return it.")
    location: str | None = Field(description="The region.")
    tags: dict[str, str] = Field(description="The tags that the settings select.")
    owner: Owner | None = Field(description="The owner from the tags; null if no tag names one.")
    verdict: Verdict = Field(description="Whether the account is under a customer-managed key.")
    reason: Reason = Field(description="Why; `GET /api/v1/reasons` explains each reason.")
    message: str = Field(description="What the reason means here, and what to do.")
    rule_version: str = Field(description="The version of the rule behind the verdict.")
    evidence: Evidence = Field(description="The facts behind the verdict.")


class Finding(Sides, _Account):
    """An account with its verdict; its dates are null for `row_too_new`."""

    first_seen: Time | None = Field(description="When a scan first saw the account.")
    changed_at: Time | None = Field(description="When a scan last saw it change.")
    violated_since: Time | None = Field(
        description="When a scan first found it non-compliant; the violation may be older."
    )
    due_at: Time | None = Field(
        description="The due date for fixing the violation or broken key; null if there is none, "
        "or without `CMK_FIX_WITHIN_DAYS`."
    )
    due: DueState | None = Field(description="`overdue` once a scan finds the due date passed.")
    previous_verdict: Verdict | None = Field(description="The verdict before the current one.")
    coverage: CoverageState = Field(description="Whether its subscription was read.")
    as_of: Time | None = Field(description="When its subscription was last read.")
    portal_url: str = Field(description="The account in the Azure portal.")


class FindingsPage(ListPage[Finding]):
    """Findings by subscription, resource group and name; the last page has no `nextLink`."""


class Transition(Answer):
    """One entry of a finding's history."""

    at: Time = Field(description="When a scan saw it.")
    verdict: Verdict = Field(description="The verdict from then on.")
    reason: Reason = Field(description="Its reason.")
    key_health: KeyState | None = Field(description="Null if the key was not read.")
    scan_id: str = Field(description="The scan that saw it.")


class RemediationStep(Answer):
    """One step of a plan."""

    title: str = Field(description="What to do.")
    why: str = Field(description="Why it is needed.")
    warning: str | None = Field(description="What to be careful about.")


class Remediation(Answer):
    """How to fix a finding."""

    summary: str = Field(description="A one-sentence summary of the plan.")
    warning: str | None = Field(
        description="What to do first if Terraform manages the account; null if it does not change."
    )
    steps: list[RemediationStep] = Field(description="What the script does, in order.")
    portal: str = Field(description="The steps in the Azure portal, as Markdown.")
    az: str = Field(description="A bash script of `az` commands.")
    terraform: str = Field(description="A root module for the provider azurerm.")
    bicep: str | None = Field(description="A template; null if no template can fix it.")


class AboutRule(Answer):
    """What the rule is for; the same for every finding."""

    severity: str = Field(description="How serious a violation is.")
    category: str = Field(description="What the rule protects.")
    why: list[str] = Field(
        description="Three sentences: what a customer-managed key gives, and what it does not."
    )


class SelfCheck(Answer):
    """How to see the fact on which the verdict rests, without this app."""

    az: str = Field(description="A command for `az`, which only reads.")
    portal: str = Field(description="Where to look in the Azure portal.")


class FindingDetail(Finding):
    """A finding with its history and what to do."""

    history: list[Transition] = Field(
        max_length=MAX_TRANSITIONS, description="The last transitions, oldest first."
    )
    changes: int = Field(description="The number of transitions.")
    remediation: Remediation | None = Field(
        description="How to fix it; null if nothing is wrong, or no command can fix it."
    )
    limits: list[str] = Field(description="What the account's key does not cover.")
    controls: list[Control] = Field(description="The controls that the finding is evidence for.")
    rule: AboutRule = Field(description="Why the finding matters.")
    check: SelfCheck = Field(description="How to check the verdict yourself.")


class _Covered(_Named):
    tenant_id: str | None = Field(description="Its tenant.")
    state: str | None = Field(description="Azure's state, such as `Enabled`.")
    coverage: CoverageState = Field(description="Whether it was read.")
    since: Time | None = Field(description="When this coverage began.")
    gap: GapOfSubscription | None = Field(description="Why it was not read; null if it was read.")
    last_read: Time | None = Field(description="When it was last read completely; null if never.")
    accounts: Accounts = Field(description="Its accounts in scope.")


class Subscription(Sums, _Covered):
    """A subscription; if its row is unusable, all values from the row are null."""

    sequence: int | None = Field(description="The number of its last change; 0 if none yet.")


class SubscriptionsPage(ListPage[Subscription]):
    """Subscriptions by id; `nextLink` is absent on the last page."""


class _Owned(Answer):
    owner: str | None = Field(description="The owner as tagged; null if no tag names one.")
    accounts: CountsOfKind = Field(description="The accounts by verdict.")


class OwnerSums(Sums, _Owned):
    """The accounts of one owner by verdict, and their keys."""

    overdue: int = Field(description="Accounts that a scan found past their due date.")
    oldest_violation: Time | None = Field(description="The earliest `violatedSince`.")
    unread: int = Field(description="Not read by the last scan; the last known verdict counts.")


class OwnersPage(ListPage[OwnerSums]):
    """Owners by name, after the accounts without an owner; the last page has no `nextLink`."""


type _Few = Annotated[list[str], Field(max_length=MAX_NAMES_OF_KEY)]


class KeyInUse(Answer):
    """A key, across its versions, and what depends on it."""

    id: str = Field(description="The address of the key without a version, in lower case.")
    name: str = Field(description="The name of the key.")
    message: str = Field(description="What happens if the key stops working.")
    vault_id: str | None = Field(description="The ARM id of the vault, if it was found.")
    shared: bool = Field(description="Whether more than one account depends on the key.")
    accounts: int = Field(
        description="Accounts that depend on the key; `findings?key=` lists them."
    )
    owners: int = Field(description="Owners of these accounts.")
    unowned: int = Field(description="Accounts without an owner.")
    unread: int = Field(description="Accounts not read by the last scan, counted as last known.")
    keys: Keys | None = Field(
        description="The accounts under the key by key health; null if keys are not read."
    )
    pinned: int = Field(description="Accounts that are pinned to one version.")
    expires: Time | None = Field(description="The earliest expiry of a version in use.")
    next_rotation_at: Time | None = Field(
        description="When the key's policy creates the next version; see `KeyHealth`."
    )
    owner_names: _Few = Field(description="The names of the owners, at most 100.")
    versions: _Few = Field(description="The versions in use, at most 100.")
    identities: _Few = Field(
        description="The object ids of the identities that use the key, at most 100."
    )


class KeysPage(ListPage[KeyInUse]):
    """Keys by id; `nextLink` is absent on the last page."""

    caution: str = Field(description="The date of the data, and what the counts do not include.")


class CatalogueReason(Answer):
    """One reason of the catalogue."""

    code: ReasonCode = Field(description="The code in findings, gaps and postures.")
    area: ReasonArea = Field(description="What the reason applies to.")
    severity: ReasonSeverity = Field(description="How serious it is.")
    message: str = Field(description="What it means.")
    way_out: str = Field(description="How to fix it.")
    actor: Actor = Field(description="Who must act.")
    when: str | None = Field(description="When exactly it applies; null if `message` says so.")


class ErrorDetail(Answer):
    """What went wrong."""

    code: str = Field(description="The kind of error; stable, so that clients can rely on it.")
    message: str = Field(description="What is wrong, and what to do.")
    target: str | None = Field(description="The parameter or resource with the error.")


# Not named Error, like its field, because client generators would write wrong types.
class ErrorResponse(Answer):
    """The envelope of every error."""

    error: ErrorDetail = Field(description="What went wrong.")
