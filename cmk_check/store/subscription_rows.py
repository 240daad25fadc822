"""Parse a subscription's partition: its coverage, findings and unpublished changes.

An unusable row affects no other row: its finding is unknown until the row is repaired. Rows that
this program did not write are ignored.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from cmk_check.core.account import Subscription
from cmk_check.core.comparison.updates import Known
from cmk_check.core.model import Coverage, Finding
from cmk_check.core.resource_id import AccountId, path_of
from cmk_check.core.rule import row_broken, row_too_new
from cmk_check.core.text import is_guid
from cmk_check.limits import PARTITIONS_REMEMBERED
from cmk_check.ports import Entity, LimitExceeded, Table
from cmk_check.store import codec, row_times, table_keys
from cmk_check.store.codec import RowTooNew, RowUnusable
from cmk_check.store.outbox import Outbox, read_outbox

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StoredSubscription:
    """The content of a subscription's partition.

    ``etags`` maps row keys to ETags. ``unusable`` is the reason why the coverage row must not be
    changed, or None. With a reason, nothing can be recorded.
    """

    partition: str
    known: Known = field(default_factory=Known)
    etags: Mapping[str, str] = field(default_factory=dict)
    outbox: Outbox = field(default_factory=Outbox)
    unusable: str | None = None


@lru_cache(PARTITIONS_REMEMBERED)
def is_ours(partition: str) -> bool:
    """Return whether a partition belongs to a subscription."""
    if is_guid(partition) and partition == partition.lower():
        return True
    _log.warning("The table %s has rows of an unknown partition: %.200a", "cmkfindings", partition)
    return False


def finding_in(entity: Entity) -> Finding:
    """Read a finding; an unusable row becomes an unknown finding whose message says what to do."""
    try:
        finding = codec.decode_finding(entity)
        _check_key(entity, finding.id)
        return finding
    except RowTooNew:
        judgement = row_too_new()
    except (RowUnusable, LimitExceeded) as error:
        judgement = row_broken(str(error))
    return codec.unusable_finding(entity, _id_of(entity), judgement)


def parse_partition(partition: str, entities: Sequence[Entity]) -> StoredSubscription:
    """Parse the rows of one partition."""
    coverage: Coverage | None = None
    sequence: int | None = 0
    listed: Subscription | None = None
    unusable: str | None = None
    findings: dict[str, Finding] = {}
    untrusted: dict[str, Finding] = {}
    others: list[Entity] = []
    for entity in entities:
        if entity.row.startswith(table_keys.FINDINGS_FROM):
            finding = finding_in(entity)
            place = untrusted if finding.first_seen == row_times.UNDATED else findings
            place[str(finding.id)] = finding
        elif entity.row != table_keys.COVERAGE:
            others.append(entity)
        elif isinstance(decoded := coverage_in(entity), RowTooNew):
            unusable = str(decoded)
        elif isinstance(decoded, RowUnusable):
            _log.warning("%s", decoded)
            sequence, listed = codec.decode_remains(entity)
        else:
            coverage = decoded
    outbox = read_outbox(Table.FINDINGS, others)
    etags = {entity.row: entity.etag for entity in entities}
    if table_keys.COVERAGE not in etags and (findings or untrusted or outbox.entries):
        sequence, listed = None, Subscription(table_keys.unescape(partition), expected=True)
    rows = Known(coverage, findings, untrusted, sequence, listed)
    return StoredSubscription(partition, rows, etags, outbox, unusable)


def coverage_in(entity: Entity) -> Coverage | RowUnusable:
    """Read a coverage row, or return why it is unusable: broken, or written by a newer version."""
    try:
        return codec.decode_coverage(entity)
    except RowUnusable as error:
        return error


def _check_key(entity: Entity, account: AccountId) -> None:
    """Check that the key of a finding's row matches its columns.

    Otherwise two rows could claim one account, and another account's row could be replaced or
    deleted.
    """
    group, name = account.resource_group, account.name
    text = path_of(account.subscription_id, group.lower(), name.lower())
    if account.text == text and entity.row == table_keys.finding_row(group, name):
        return
    raise RowUnusable(
        f"Row {entity.partition} / {entity.row}: accountId, resourceGroup and name must match "
        "the row's key; delete the row to repair it."
    )


def _id_of(entity: Entity) -> AccountId:
    """Rebuild the account id of a row from its keys."""
    _, _, names = entity.row.partition("|")
    group, _, name = names.partition("|")
    try:
        group, name = table_keys.unescape(group), table_keys.unescape(name)
    except ValueError:
        _log.warning("A row key is invalid: %.200a", entity.row)
    subscription = table_keys.unescape(entity.partition)
    return AccountId(subscription, group, name, path_of(subscription, group, name))
