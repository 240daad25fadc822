"""What stands beside a verdict: reading it costs a part of the time, and a bug costs it alone."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from cmk_check.core.account import Account
from cmk_check.core.comparison.judge_accounts import judge_all
from cmk_check.core.comparison.updates import Known
from cmk_check.core.gap import Gap
from cmk_check.core.reasons.gap_sentences import EXEMPTION_TIME_IS_UP, KEY_TIME_IS_UP
from cmk_check.scan.aspect_reader import ExceptionReader, KeyReader
from tests.fakes.exemptions import IN_EACH_SCAN
from tests.fakes.world import BEGINNING, World, bad, good
from tests.unit.core.examples import ID, known_of, only_finding

type AnyReader = KeyReader | ExceptionReader
type Kind = type[KeyReader | ExceptionReader]


@dataclass
class Broken:
    """An inventory that raises, or answers with what nothing can judge; ``seconds`` it got."""

    raises: bool
    seconds: list[float] = field(default_factory=list)

    async def read(self, *_: object, seconds: float) -> object:
        """Answer as a bug would."""
        self.seconds.append(seconds)
        if self.raises:
            raise TypeError("a bug")
        return object()


def reader_of(kind: Kind, inventory: Broken, **options: float) -> AnyReader:
    """Return a reader with these numbers of seconds for a subscription and a slice."""
    world = World(
        subscription_timeout=options.get("timeout", 120),
        reading_deadline=timedelta(seconds=options.get("deadline", 60)),
    )
    make: Any = kind
    turns = [IN_EACH_SCAN] if kind is ExceptionReader else []
    reader: AnyReader = make(lambda: inventory, world.options, *turns)
    return reader


@pytest.mark.parametrize("raises", [True, False], ids=["reading", "judging"])
@pytest.mark.parametrize(
    ("kind", "account", "state"),
    [(KeyReader, good(ID), "unknown"), (ExceptionReader, bad(ID), "not_honoured")],
    ids=["key", "exception"],
)
async def test_p8_a_bug_costs_one_aspect_and_accepts_nothing(
    kind: Kind, account: Account, state: str, *, raises: bool
) -> None:
    """P1: it must neither call a key healthy nor accept a violation."""
    finding = only_finding(known_of(account))
    known = Known(findings={str(finding.id): finding})
    reader = reader_of(kind, Broken(raises))

    (entry,) = (await reader.read(judge_all([account], {}), known, BEGINNING)).values()

    assert entry.judgement == finding.judgement
    assert kind.aspect.state(entry, BEGINNING) == state


@pytest.mark.parametrize(
    ("kind", "account", "late"),
    [(KeyReader, good(ID), KEY_TIME_IS_UP), (ExceptionReader, bad(ID), EXEMPTION_TIME_IS_UP)],
    ids=["key", "exception"],
)
async def test_p8_each_gets_a_part_of_the_time_and_no_more_than_a_subscription_does(
    kind: Kind, account: Account, late: Gap
) -> None:
    """An Azure that answers slowly must leave time for the verdicts of the last accounts."""
    inventory, judged = Broken(raises=True), judge_all([account], {})
    for timeout in (10, 900):
        await reader_of(kind, inventory, timeout=timeout).read(judged, Known(), BEGINNING)

    reader = reader_of(kind, inventory, deadline=0)
    (unread,) = (await reader.read(judged, Known(), BEGINNING)).values()

    assert inventory.seconds == pytest.approx([10, 37.5], abs=1)
    assert str(late.detail) in str(unread)
