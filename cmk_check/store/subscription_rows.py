"""Parses a subscription's partition: its coverage, its findings and its unpublished changes.

An unusable row affects only itself: its finding is unknown until the row is repaired. Rows that
this program did not write are left alone.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from cmk_check.core.comparison.difference import Known
from cmk_check.core.model import Coverage, Finding
from cmk_check.core.resource_id import AccountId
from cmk_check.core.rule import row_broken, row_too_new
from cmk_check.core.text import is_guid
from cmk_check.errors import RowUnusable
from cmk_check.limits import PARTITIONS_REMEMBERED
from cmk_check.ports import Entity
from cmk_check.store import rows, table_keys
from cmk_check.store.outbox import OutboxEntry, outbox_entries

_log = logging.getLogger(__name__)

NEWER: Final = "A newer version of cmk_check recorded this subscription: deploy that version again."


@dataclass(frozen=True, slots=True)
class StoredSubscription:
    """A subscription's partition as read.

    ``etags`` are by row key. ``unusable`` says why its coverage row must not be changed, if so:
    then nothing can be recorded.
    """

    partition: str
    known: Known = field(default_factory=Known)
    etags: Mapping[str, str] = field(default_factory=dict)
    outbox: tuple[OutboxEntry, ...] = ()
    unusable: str | None = None

    @property
    def mark(self) -> str | None:
        """The claim of a worker that is recording, or was when it crashed."""
        return self.known.coverage.recording if self.known.coverage else None


@lru_cache(PARTITIONS_REMEMBERED)
def is_ours(partition: str) -> bool:
    """Return whether this is the partition of a subscription."""
    if is_guid(partition) and partition == partition.lower():
        return True
    _log.warning("The table %s has rows of an unknown partition: %.200a", "cmkfindings", partition)
    return False


def finding_in(entity: Entity) -> Finding:
    """Read a finding; if its row is unusable, it is unknown and says what to do."""
    if rows.is_too_new(entity):
        return rows.unusable_finding(entity, _id_of(entity), row_too_new())
    try:
        return rows.finding_of(entity)
    except RowUnusable as error:
        return rows.unusable_finding(entity, _id_of(entity), row_broken(str(error)))


def parse_partition(partition: str, entities: Sequence[Entity]) -> StoredSubscription:
    """Parse the rows of one partition."""
    coverage: Coverage | None = None
    unusable: str | None = None
    findings: dict[str, Finding] = {}
    untrusted: dict[str, Finding] = {}
    others: list[Entity] = []
    for entity in entities:
        if entity.row.startswith(table_keys.FINDINGS_FROM):
            finding = finding_in(entity)
            known = untrusted if finding.first_seen == rows.UNDATED else findings
            known[str(finding.id)] = finding
        elif entity.row == table_keys.COVERAGE:
            try:
                coverage = coverage_in(entity)
            except RowUnusable as error:
                unusable = str(error)
        else:
            others.append(entity)
    etags = {entity.row: entity.etag for entity in entities}
    return StoredSubscription(
        partition, Known(coverage, findings, untrusted), etags, outbox_entries(others), unusable
    )


def coverage_in(entity: Entity) -> Coverage:
    """Read a coverage row.

    Raises:
        RowUnusable: a newer version wrote it, or it is broken.

    """
    if rows.is_too_new(entity):
        raise RowUnusable(NEWER)
    return rows.coverage_of(entity)


def _id_of(entity: Entity) -> AccountId:
    """Rebuild the account id of a row from its keys."""
    _, _, names = entity.row.partition("|")
    group, _, name = names.partition("|")
    try:
        group, name = table_keys.unescape(group), table_keys.unescape(name)
    except ValueError:
        _log.warning("A row key is invalid: %.200a", entity.row)
    subscription = table_keys.unescape(entity.partition)
    text = (
        f"/subscriptions/{subscription}/resourcegroups/{group}"
        f"/providers/microsoft.cognitiveservices/accounts/{name}"
    )
    return AccountId(subscription, group, name, text)
