"""Convert findings and coverage to readable rows and back.

Every row has the property ``schema``. If its number is higher than the number in this code, a newer
version wrote the row: its other properties are not read, and the row is never overwritten. Rows
with a number below ``FIRST_SCHEMA`` never occur here, because the store refuses them.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Annotated, Final

from pydantic import BeforeValidator, TypeAdapter

from cmk_check import VERSION
from cmk_check.core.account import Evidence, Judgement, Subscription
from cmk_check.core.counts import contradiction
from cmk_check.core.enums import ChangeType, CoverageState, GapReason, Reason, Verdict
from cmk_check.core.gap import Gap
from cmk_check.core.model import AccountCounts, Change, Coverage, Finding, Transition
from cmk_check.core.resource_id import AccountId
from cmk_check.core.rule import RULE_VERSION, judge_unknown_row
from cmk_check.core.text import as_object, clean_time
from cmk_check.limits import MAX_SEQUENCE
from cmk_check.ports import Entity, Insert, Replace, Scalar, StoreError
from cmk_check.store import stored_words, table_checks, table_keys
from cmk_check.store.aspect_columns import KEY_HEALTH, decode_sides, encode_aspects, find_mismatch
from cmk_check.store.row_times import UNDATED, is_usable_time, is_utc
from cmk_check.store.stored_words import StandIns


class RowUnusable(StoreError):
    """A row that is broken or was written by a newer version. ``str()`` says which of the two."""


class RowTooNew(RowUnusable):
    """A row that was written by a newer version. ``str()`` names the version, but not the row."""


SCHEMA: Final = 4
STAMP: Final[Mapping[str, Scalar]] = {"schema": SCHEMA, "writtenBy": VERSION}
"""The properties from which an earlier version learns which version wrote the row."""

_DELETED: Final = "delete the row to repair it"
_REBUILT: Final = "the next scan rebuilds the row"

type Values = dict[str, Scalar]

_TAGS: Final = TypeAdapter(Mapping[str, str])
_HISTORY: Final = TypeAdapter(tuple[Transition, ...])
# Replacements for unknown words in a key and a history, never favourable.
_WORDS: Final[StandIns] = {
    **dict.fromkeys(("verdict", "key_health", "state", "severity"), "unknown"),
    "reason": "row_too_new",
    "code": "cannot_read",
    "rotation": None,
}


def _require_sums(counts: object) -> object:
    """Require the counts that every version writes; without them, accounts would seem absent."""
    if not {"by_kind", "by_reason"} <= as_object(counts).keys():
        raise ValueError("The counts by kind and by reason are missing.")
    return counts


_COUNTS: Final = TypeAdapter(Annotated[AccountCounts, BeforeValidator(_require_sums)])
_DATA: Final = TypeAdapter(Mapping[str, object])


def is_too_new(entity: Entity) -> bool:
    """Return whether a newer version of this program wrote the row.

    Every version writes a schema number, so a row without a number is broken.
    """
    schema = entity.values.get("schema")
    return isinstance(schema, int) and schema > SCHEMA


def too_new(entity: Entity) -> RowTooNew:
    """Return the error for a row that a newer version wrote."""
    by = entity.values.get("writtenBy")
    version = f" ({by:.40})" if isinstance(by, str) else ""
    return RowTooNew(
        f"A newer version of cmk_check{version} uses this storage: deploy that version again."
    )


def write(row: str, values: Mapping[str, Scalar], etag: str | None) -> Insert | Replace:
    """Return a Replace of the row read with this ETag, or an Insert without an ETag."""
    return Replace(row, values, etag) if etag else Insert(row, values)


def encode_finding(finding: Finding) -> Values:
    """Return a finding as a row."""
    judgement = finding.judgement
    return table_checks.remove_nones(
        {
            "schema": SCHEMA,
            "accountId": str(finding.id),
            "name": finding.id.name,
            "resourceGroup": finding.id.resource_group,
            "kind": finding.kind,
            "location": finding.location,
            "tags": _text(_TAGS, finding.tags),
            "verdict": judgement.verdict.value,
            "reason": judgement.reason.value,
            "message": judgement.message,
            **judgement.evidence.to_dict(),
            "ruleVersion": finding.rule_version,
            "firstSeen": _time(finding.first_seen),
            "changedAt": _time(finding.changed_at),
            "violatedSince": _time(finding.violated_since),
            "previousVerdict": finding.previous_verdict and finding.previous_verdict.value,
            "changes": finding.changes,
            "history": _text(_HISTORY, finding.history),
            "keyVaultId": finding.vault_id,
            **encode_aspects(finding),
        }
    )


def decode_finding(entity: Entity) -> Finding:
    """Read a finding from its row."""
    row = Reader.open_row(entity)
    health = row.optional(partial(stored_words.read, KEY_HEALTH, _WORDS), "keyDetail")
    history = row.read_parsed(partial(stored_words.read, _HISTORY, _WORDS), "history")
    row.check_utc("history", (transition.at for transition in history))
    row.check_utc("keyDetail", (health.expires, health.next_rotation_at) if health else ())
    group, name, text = row.text("resourceGroup"), row.text("name"), row.text("accountId")
    finding = Finding(
        id=AccountId(table_keys.unescape(entity.partition), group, name, text),
        kind=row.optional(str, "kind"),
        location=row.optional(str, "location"),
        tags=row.read_parsed(_TAGS.validate_json, "tags"),
        judgement=_decode_judgement(row, entity),
        rule_version=row.text("ruleVersion"),
        first_seen=row.read_parsed(decode_time, "firstSeen"),
        changed_at=row.read_parsed(decode_time, "changedAt"),
        violated_since=row.optional(decode_time, "violatedSince"),
        previous_verdict=row.optional(_verdict, "previousVerdict"),
        changes=row.number("changes"),
        history=history,
        key_health=health,
        vault_id=row.optional(str, "keyVaultId"),
        **decode_sides(entity.values),
    )
    if column := find_mismatch(entity.values, finding):
        raise row.broken(column, "differs from the value beside it")
    return finding


def _decode_judgement(row: "Reader", entity: Entity) -> Judgement:
    verdict, reason = row.text("verdict"), row.text("reason")
    evidence = _decode_evidence(row, entity)
    if verdict in Verdict and reason in Reason:
        return Judgement(Verdict(verdict), Reason(reason), row.text("message"), evidence)
    return judge_unknown_row(_verdict(verdict), evidence)


def _verdict(text: str) -> Verdict:
    return Verdict(text) if text in Verdict else Verdict.UNKNOWN


def _decode_evidence(row: "Reader", entity: Entity) -> Evidence:
    names = {name: field for name, field in Evidence.NAMES.items() if name != "createdAt"}
    return Evidence(
        **{field: row.optional(str, name) for name, field in names.items()},
        # If the column is broken, nothing else is affected, and the next scan writes it.
        created_at=clean_time(entity.values.get("createdAt")),
    )


def unusable_finding(entity: Entity, account: AccountId, judgement: Judgement) -> Finding:
    """Return an unknown finding for an unusable row."""
    kind = entity.values.get("kind")
    return Finding(
        id=account,
        kind=kind if isinstance(kind, str) else None,
        location=None,
        tags={},
        judgement=judgement,
        rule_version=RULE_VERSION,
        first_seen=UNDATED,
        changed_at=UNDATED,
    )


# The columns that are required to read a coverage row; other columns have no effect.
COVERAGE_NEEDS: Final = ("schema", "subscriptionId", "coverage", "since", "accounts", "sequence")


def encode_coverage(coverage: Coverage) -> Values:
    """Return a subscription as a row."""
    subscription, gap = coverage.subscription, coverage.gap
    return table_checks.remove_nones(
        {
            **STAMP,
            "subscriptionId": subscription.id,
            "name": subscription.name,
            "tenantId": subscription.tenant_id,
            "state": subscription.state,
            "coverage": coverage.state.value,
            "since": _time(coverage.since),
            "gapReason": gap.reason.value if gap else None,
            "missingAction": gap.missing_action if gap else None,
            "gapDetail": gap.detail if gap else None,
            "lastRead": _time(coverage.last_read),
            "accounts": _text(_COUNTS, coverage.accounts),
            "sequence": coverage.sequence,
            "recording": coverage.recording,
            "unexpectedBy": coverage.unexpected_by,
            "expected": subscription.expected or None,
            "owners": coverage.owners,
            "keys": coverage.keys,
        }
    )


def decode_coverage(entity: Entity) -> Coverage:
    """Read a subscription from its row."""
    row = Reader.open_row(entity, _REBUILT)
    if row.text("subscriptionId") != table_keys.unescape(entity.partition):
        raise row.broken("subscriptionId", "does not match its partition")
    gap = None
    if (reason := row.optional(str, "gapReason")) is not None:
        gap_reason = GapReason(reason) if reason in GapReason else GapReason.SLICE_FAILED
        gap = Gap(gap_reason, row.optional(str, "missingAction"), row.optional(str, "gapDetail"))
    return Coverage(
        subscription=Subscription(
            row.text("subscriptionId"),
            row.optional(str, "name"),
            row.optional(str, "tenantId"),
            row.optional(str, "state"),
            expected="expected" in entity.values,
        ),
        state=row.read_parsed(CoverageState, "coverage"),
        since=row.read_parsed(decode_time, "since"),
        gap=gap,
        last_read=row.optional(decode_time, "lastRead"),
        accounts=_accounts(row),
        sequence=row.number("sequence", MAX_SEQUENCE),
        recording=row.optional(str, "recording"),
        unexpected_by=row.optional(str, "unexpectedBy"),
        owners=row.optional(str, "owners"),
        keys=row.optional(str, "keys"),
    )


def decode_remains(entity: Entity) -> tuple[int | None, Subscription]:
    """Read the usable values of a broken coverage row.

    The values are the sequence, if readable, because this number alone cannot be computed again,
    and the subscription as Azure listed it, which counts as expected.
    """
    try:
        sequence = Reader(entity).number("sequence", MAX_SEQUENCE)
    except RowUnusable:
        sequence = None
    values = (entity.values.get(name) for name in ("name", "tenantId", "state"))
    name, tenant, state = (value if isinstance(value, str) else None for value in values)
    subscription_id = table_keys.unescape(entity.partition)
    return sequence, Subscription(subscription_id, name, tenant, state, expected=True)


def _accounts(row: "Reader") -> AccountCounts:
    """Read the counts; a row with wrong counts must not offset violations in another row."""
    accounts = row.read_parsed(_COUNTS.validate_json, "accounts")
    row.check_utc("accounts", (time for time, _ in accounts.excepted))
    if fault := contradiction(accounts):
        raise row.broken("accounts", fault)
    return accounts


def encode_change(change: Change) -> Values:
    """Return a change as a row, for an outbox and for the feed."""
    return {
        "schema": SCHEMA,
        "id": change.id,
        "type": change.type.value,
        "time": change.time.isoformat(),
        "source": change.source,
        "subject": change.subject,
        "data": _text(_DATA, change.data),
        "sequence": change.sequence,
    }


def decode_change(entity: Entity) -> Change:
    """Read a change from its row; a newer version wrote it if its type is unknown."""
    kind = entity.values.get("type")
    if isinstance(kind, str) and kind.startswith("cmkcheck.") and kind not in ChangeType:
        raise too_new(entity)
    row = Reader.open_row(entity)
    return Change(
        id=row.text("id"),
        type=row.read_parsed(ChangeType, "type"),
        time=row.read_parsed(decode_time, "time"),
        source=row.text("source"),
        subject=row.text("subject"),
        data=row.read_parsed(_DATA.validate_json, "data"),
        sequence=row.number("sequence"),
    )


class Reader:
    """Reads properties of a row, and raises RowUnusable if one is missing or has a wrong type."""

    def __init__(self, entity: Entity, repair: str = _DELETED) -> None:
        self._entity = entity
        self._repair = repair

    @classmethod
    def open_row(cls, entity: Entity, repair: str = _DELETED) -> "Reader":
        """Return the reader of a row that this version can read.

        Raises:
            RowTooNew: a newer version wrote the row.
        """
        if is_too_new(entity):
            raise too_new(entity)
        row = cls(entity, repair)
        row.number("schema")
        return row

    def text(self, name: str) -> str:
        """Return a required string."""
        value = self._entity.values.get(name)
        if not isinstance(value, str):
            raise self.broken(name)
        return value

    def number(self, name: str, most: int | None = None) -> int:
        """Return a required number, which must be from 0 to ``most`` if that is set."""
        value = self._entity.values.get(name)
        if not isinstance(value, int) or (most is not None and not 0 <= value <= most):
            raise self.broken(name)
        return value

    def read_parsed[T](self, parse: Callable[[str], T], name: str) -> T:
        """Return the parsed value of a required string; ``parse`` raises ValueError."""
        try:
            return parse(self.text(name))
        except ValueError as error:
            raise self.broken(name) from error

    def optional[T](self, parse: Callable[[str], T], name: str) -> T | None:
        """Return the parsed value of an optional string."""
        return self.read_parsed(parse, name) if name in self._entity.values else None

    def check_utc(self, name: str, times: Iterable[datetime | None]) -> None:
        """Check the times in a value stored as JSON."""
        if not all(time is None or is_utc(time) for time in times):
            raise self.broken(name)

    def broken(self, name: str, fault: str = "is missing or has the wrong type") -> RowUnusable:
        """Return the error that reports a property's fault."""
        where = f"{self._entity.partition} / {self._entity.row}"
        return RowUnusable(f"Row {where}: {name} {fault}; {self._repair}.")


def decode_time(text: str) -> datetime:
    """Parse a time.

    Raises:
        ValueError: the text is not a time, or the time is not usable.
    """
    time = datetime.fromisoformat(text)
    if not is_usable_time(time):
        raise ValueError(text)
    return time


def _text[T](adapter: TypeAdapter[T], value: T) -> str:
    return adapter.dump_json(value).decode()


def _time(value: datetime | None) -> str | None:
    return value.isoformat() if value else None
