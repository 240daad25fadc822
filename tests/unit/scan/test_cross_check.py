"""An account that Resource Graph knows and a complete list lacks is asked for, within bounds."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from cmk_check.core.account import Account, Reading, Subscription
from cmk_check.core.cross_check import CrossCheck, CrossCheckState, KnownAccount, merge
from cmk_check.core.enums import GapReason
from cmk_check.core.gap import Gap
from cmk_check.core.resource_id import AccountId
from cmk_check.core.scope import Scope
from cmk_check.limits import CROSS_CHECK_AGE, CROSS_CHECKED_PER_SLICE
from cmk_check.ports import InventoryError
from tests.fakes.inventory import ScriptedInventory
from tests.fakes.world import BEGINNING, account, bad, good
from tests.unit.scan.scan_world import FORBIDDEN, ONE, TWO, ScanWorld

HOUR = timedelta(hours=1)
OLD = BEGINNING - CROSS_CHECK_AGE
CHECKED, PARTLY, NOT_CHECKED = CrossCheckState
INCOMPLETE = Gap(GapReason.LIST_INCOMPLETE, detail="1")


@dataclass
class ScriptedSearch:
    """A second witness; ``asked`` has the subscriptions of each query."""

    known: list[KnownAccount] = field(default_factory=list)
    error: Exception | None = None
    asked: list[list[str]] = field(default_factory=list)

    async def accounts(self, subscription_ids: Sequence[str]) -> tuple[KnownAccount, ...]:
        """Answer as scripted."""
        self.asked.append(list(subscription_ids))
        if self.error is not None:
            raise self.error
        return tuple(self.known)


class LeakyInventory(ScriptedInventory):
    """Azure whose lists lack ``left_out``, which it has when it is asked for them by id."""

    left_out: Sequence[Account] = ()

    async def read(
        self, subscription: Subscription, recorded: Collection[AccountId] = (), *, seconds: float
    ) -> Reading:
        """Return what the list has, and what was asked for and is there."""
        reading = await super().read(subscription, recorded, seconds=seconds)
        found = tuple(each for each in self.left_out if each.id in recorded)
        if not found:
            return reading
        return replace(reading, accounts=(*reading.accounts, *found), gap=INCOMPLETE)


def known(of: Account, created_at: datetime | None = OLD) -> KnownAccount:
    """Return what Resource Graph says of an account."""
    return KnownAccount(of.id, created_at)


class Checked(ScanWorld):
    """A program that cross-checks two subscriptions, each with a compliant account on its list."""

    def __init__(self) -> None:
        super().__init__()
        self.inventory = self.azure = LeakyInventory()
        self.account_search = self.search = ScriptedSearch([known(good(ONE)), known(good(TWO))])
        self.azure_has(good(ONE), good(TWO))

    async def check(self) -> CrossCheck | None:
        """Scan, and return what the scan row says of the check."""
        scan = await self.scan_row(await self.scan())
        assert scan.summary is not None
        return scan.summary.cross_check


@pytest.fixture
def world() -> Checked:
    """Return it; Resource Graph knows what the lists have."""
    return Checked()


async def test_lists_that_have_everything_cost_one_query_for_each_slice(world: Checked) -> None:
    """Resource Graph allows few queries, and nothing else is asked of Azure."""
    assert await world.check() == CrossCheck(CHECKED, 0)
    assert world.search.asked == [[ONE, TWO]]
    assert sorted(world.azure.reads) == [ONE, TWO]
    assert await world.verdict() == "compliant"


async def test_an_account_that_the_list_lacks_is_judged_and_a_gap_p1(world: Checked) -> None:
    """P1: a list without a region's accounts is green, and its accounts are not."""
    world.azure.left_out = [bad(TWO, "hidden")]
    world.search.known.append(known(bad(TWO, "hidden")))

    assert await world.check() == CrossCheck(CHECKED, 1)
    assert await world.verdicts() == {"chat": "compliant", "hidden": "non_compliant"}
    coverage = await world.coverage_of(TWO)
    assert coverage.gap == INCOMPLETE
    assert await world.coverage(ONE) == "read"
    assert await world.verdict() == "non_compliant"


async def test_each_difference_that_azure_confirms_is_counted(world: Checked) -> None:
    """One that is gone is none; one without a creation date was not asked for."""
    hidden = [bad(TWO, "hidden"), good(TWO, "other")]
    world.azure.left_out = [*hidden]
    undated = replace(known(good(TWO, "undated")), created_at=None)
    world.search.known += [*map(known, hidden), known(good(TWO, "deleted")), undated]

    assert await world.check() == CrossCheck(CHECKED, 3)


async def test_accounts_of_which_azure_says_nothing_are_differences(world: Checked) -> None:
    """P1: the list lacks them, and the second reading did not come to them."""
    world.search.known += [known(bad(TWO, "hidden")), known(bad(TWO, "other"))]

    async def refuse_the_second(subscription_id: str) -> None:
        if world.azure.reads.count(subscription_id) == 2:
            world.azure.readings[subscription_id] = Reading(gap=FORBIDDEN)

    world.azure.before_read = refuse_the_second

    assert await world.check() == CrossCheck(CHECKED, 2)
    assert await world.verdict() == "unknown"


@pytest.mark.parametrize(
    ("age", "differences"),
    [(HOUR, 1), (HOUR - timedelta(seconds=1), 0), (-HOUR, 0)],
    ids=["an hour", "less", "in the scan"],
)
async def test_an_account_counts_if_it_is_an_hour_older_than_the_scan(
    world: Checked, age: timedelta, differences: int
) -> None:
    """List and Resource Graph may both be late with a younger one."""
    world.azure.left_out = [good(TWO, "new")]
    began = BEGINNING + HOUR  # as the world scans
    world.search.known.append(known(good(TWO, "new"), began - age))

    assert await world.check() == CrossCheck(CHECKED, differences)


@pytest.mark.parametrize("error", [InventoryError(FORBIDDEN), KeyError("a bug")])
async def test_no_answer_leaves_everything_as_it_is_without_the_check(
    world: Checked, error: Exception
) -> None:
    """An optional part costs only itself."""
    world.azure.left_out = [bad(TWO, "hidden")]
    world.search.error = error

    assert await world.check() == CrossCheck(NOT_CHECKED, 0)
    assert len(world.search.asked) == 1
    assert await world.verdict() == "compliant"


async def test_at_most_so_many_are_asked_for_in_a_slice(world: Checked) -> None:
    """A Resource Graph that is days behind must not cost a request for each account."""
    world.search.known += [
        known(good(ONE, f"gone-{n}")) for n in range(CROSS_CHECKED_PER_SLICE - 1)
    ]
    world.search.known += [known(good(TWO, f"gone-{n}")) for n in range(3)]

    check = await world.check()

    assert check == CrossCheck(PARTLY, 2)
    assert sum(len(names) for _, names in world.azure.asked.values()) == CROSS_CHECKED_PER_SLICE
    assert await world.verdict() == "compliant"


async def test_nothing_is_removed_while_the_list_lacks_it_and_all_is_well_after_p2(
    world: Checked,
) -> None:
    """P2: once recorded it is asked for at each scan; the gap ends with the hole in the list."""
    world.azure.left_out = [good(TWO, "hidden")]
    world.search.known.append(known(good(TWO, "hidden")))
    await world.scan()
    world.search.known.pop()
    await world.scan()
    lasting = await world.coverage(TWO)
    world.azure.readings[TWO], world.azure.left_out = Reading((good(TWO), good(TWO, "hidden"))), ()
    await world.scan()

    assert lasting == "gap"
    assert await world.verdicts() == {"chat": "compliant", "hidden": "compliant"}
    assert "account.removed" not in world.told_types()
    assert await world.verdict() == "compliant"


async def test_without_a_complete_list_nothing_is_checked(world: Checked) -> None:
    """It is a gap already; and asked for no subscriptions, Resource Graph could answer for all."""
    world.azure.readings = {ONE: Reading(gap=FORBIDDEN), TWO: Reading(gap=FORBIDDEN)}
    incomplete, asked = await world.check(), len(world.search.asked)
    world.options = replace(world.options, scope=Scope(exclude=frozenset({ONE, TWO})))

    assert (incomplete, await world.check()) == (None, None)
    assert len(world.search.asked) == asked


async def test_an_account_of_another_kind_now_is_on_the_list(world: Checked) -> None:
    """Resource Graph may be late with its kind."""
    other = account(TWO, "speech")
    world.azure.readings[TWO] = Reading((good(TWO),), ignored_ids=frozenset({other.id.text}))
    world.search.known.append(known(other))

    assert await world.check() == CrossCheck(CHECKED, 0)
    assert sorted(world.azure.reads) == [ONE, TWO]


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        ([], None),
        ([None], None),
        ([CrossCheck(CHECKED, 1), None, CrossCheck(CHECKED, 2)], CrossCheck(CHECKED, 3)),
        ([CrossCheck(NOT_CHECKED)], CrossCheck(NOT_CHECKED)),
        ([CrossCheck(CHECKED, 1), CrossCheck(NOT_CHECKED)], CrossCheck(PARTLY, 1)),
        ([CrossCheck(CHECKED), CrossCheck(PARTLY, 1)], CrossCheck(PARTLY, 1)),
    ],
)
def test_a_scan_is_checked_only_if_all_its_slices_are(
    parts: list[CrossCheck | None], whole: CrossCheck | None
) -> None:
    """Whoever reads "checked" relies on it."""
    assert merge(parts) == whole
