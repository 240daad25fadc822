"""Each public type shows its use in an example that runs."""

import asyncio
from doctest import DocTestParser, DocTestRunner
from typing import Any, Final

import pytest

from cmk_check.config.settings import Settings
from cmk_check.core.account import Reading
from cmk_check.core.aspects import BY_NAME
from cmk_check.core.aspects.aspect import Aspect
from cmk_check.core.enums import ChangeType, GapReason
from cmk_check.core.gap import Gap
from cmk_check.core.model import Change, Finding
from cmk_check.core.remediation.encryption_plan import plan_for
from cmk_check.core.remediation.plan import Plan
from cmk_check.core.status import Status
from cmk_check.inventory.arm_reader import ArmReader
from cmk_check.ports import Insert, Store, Table
from cmk_check.store.memory import MemoryStore
from tests.fakes.world import bad, sub
from tests.unit.core.examples import NOON, known_of
from tests.unit.inventory.fake_transport import Wire, reader_over

PARTS: Final[list[type]] = [
    Change,
    ChangeType,
    Gap,
    GapReason,
    Insert,
    Reading,
    Settings,
    Status,
    Table,
]


@pytest.mark.parametrize(
    "shown", [Aspect, Store, ArmReader, Finding, Status, Settings, Gap, Change, Plan, Reading]
)
def test_the_example_of_a_public_type_says_what_is_true(shown: type) -> None:
    """The examples name a finding of a violation, a store, a reader and a time."""
    [finding] = known_of(bad(sub(1), "account")).findings.values()
    names: dict[str, Any] = {part.__name__: part for part in PARTS}
    names |= {
        "finding": finding,
        "store": MemoryStore(),
        "reader": reader_over(Wire(lambda *_: None)),
    }
    names |= {"now": NOON, "run": asyncio.run, "plan_for": plan_for, "BY_NAME": BY_NAME}

    example = DocTestParser().get_doctest(shown.__doc__ or "", names, shown.__name__, None, None)

    assert example.examples
    assert DocTestRunner().run(example).failed == 0
