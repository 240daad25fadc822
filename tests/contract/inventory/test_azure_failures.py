"""Whatever goes wrong is a gap with a reason and a way out, and what came before is kept."""

import asyncio

import pytest

from cmk_check.core.account import Subscription as Listed
from cmk_check.core.enums import GapReason
from cmk_check.core.gap import Gap
from cmk_check.inventory.azure_inventory import AzureInventory
from cmk_check.ports import InventoryError
from local.simulator.accounts import AccountSpec
from local.simulator.faults import (
    FIRST_PAGE,
    ITSELF,
    PLAIN_HTTP,
    Answer,
    Close,
    Cut,
    Effect,
    Fault,
    Garble,
    Hold,
    NextLink,
    arm_error,
)
from tests.contract.inventory.azure_kit import Azure
from tests.contract.inventory.conftest import ACCOUNTS, LISTED, SUBSCRIPTION

HTML = "<html><title>AzureResourceManager</title>Our services aren't available</html>"


async def _gap(inventory: AzureInventory, seconds: float = 5) -> Gap | None:
    return (await inventory.read(LISTED, seconds=seconds)).gap


async def _reason(inventory: AzureInventory, seconds: float = 5) -> GapReason | None:
    gap = await _gap(inventory, seconds)
    return gap.reason if gap else None


@pytest.mark.parametrize(
    ("then", "reason"),
    [
        (arm_error(401, "InvalidAuthenticationToken"), GapReason.UNAUTHENTICATED),
        (arm_error(403, "RequestDisallowed"), GapReason.FORBIDDEN),
        (arm_error(404, "SubscriptionNotFound"), GapReason.NOT_FOUND),
        (arm_error(404, "InvalidResourceType"), GapReason.API_VERSION_UNSUPPORTED),
        (arm_error(400, "DisallowedOperation"), GapReason.DISALLOWED),
        (arm_error(400, "ForbiddenByRbac"), GapReason.FORBIDDEN),
        (arm_error(400, "BadRequest"), GapReason.UNEXPECTED_RESPONSE),
        (Answer(status=302, headers={"Location": "/elsewhere"}), GapReason.UNEXPECTED_RESPONSE),
        (Answer(status=204), GapReason.UNEXPECTED_RESPONSE),
        (arm_error(408, "RequestTimeout"), GapReason.TIMEOUT),
        (Answer(status=429, body={"Code": "429"}), GapReason.THROTTLED),
        (arm_error(500, "InternalServerError"), GapReason.SERVER_ERROR),
        (Close(), GapReason.UNREACHABLE),
        (Cut(), GapReason.UNREACHABLE),
        (Garble(), GapReason.MALFORMED_PAGE),
        (Answer(), GapReason.MALFORMED_PAGE),
        (Answer(body=b'{"value": ["\xff"]}'), GapReason.MALFORMED_PAGE),
        (Answer(body=b"[" * 100_000), GapReason.MALFORMED_PAGE),
        (Answer(body={"value": None}), GapReason.MALFORMED_PAGE),
        (Answer(body=[]), GapReason.MALFORMED_PAGE),
        (Answer(body={"value": [], "nextLink": 7}), GapReason.MALFORMED_PAGE),
        (Answer(body={"value": [], "nextLink": 0}), GapReason.MALFORMED_PAGE),
    ],
)
async def test_trouble_is_a_gap_that_says_what_to_do_p2_p11(
    azure: Azure, then: Effect, reason: GapReason
) -> None:
    """P2 and P11: no kind of trouble passes for an empty subscription, or leaves one helpless."""
    azure.answer(ACCOUNTS, then)

    gap = await _gap(azure.inventory)

    assert gap is not None
    assert gap.reason is reason
    assert gap.detail
    assert len(gap.detail) <= 300


@pytest.mark.parametrize("end", [{}, {"nextLink": None}, {"nextLink": ""}], ids=str)
async def test_list_ends_where_no_link_leads_on(azure: Azure, end: dict[str, object]) -> None:
    """Azure writes the end of a list in three ways."""
    azure.simulator.faults.add(Fault(path=ACCOUNTS, then=Answer(body={"value": [], **end})))

    assert await _gap(azure.inventory) is None


@pytest.mark.parametrize("then", [arm_error(500, "X"), Close(), Garble(), arm_error(403, "X")])
async def test_accounts_of_earlier_pages_are_kept(azure: Azure, then: Effect) -> None:
    """What was read can still make things worse; only nothing may be concluded from the rest."""
    for name in ("a", "b", "c"):
        azure.accounts.add_account(AccountSpec(name=name, group="rg"))
    azure.simulator.faults.add(Fault(path=ACCOUNTS, page=2, then=then))

    reading = await azure.inventory.read(LISTED, seconds=5)

    assert [account.id.name for account in reading.accounts] == ["a", "b"]
    assert reading.gap is not None


async def test_unregistered_after_a_page_is_no_complete_reading_p2(azure: Azure) -> None:
    """P2: a provider that just listed accounts cannot be unregistered."""
    for name in ("a", "b", "c"):
        azure.accounts.add_account(AccountSpec(name=name, group="rg"))
    then = arm_error(409, "MissingSubscriptionRegistration")
    azure.simulator.faults.add(Fault(path=ACCOUNTS, page=2, then=then))

    assert await _reason(azure.inventory) is GapReason.UNEXPECTED_RESPONSE


@pytest.mark.parametrize("then", [arm_error(503, "X"), Close(), Cut(), arm_error(429, "X")])
async def test_trouble_that_passes_leaves_no_trace(azure: Azure, then: Effect) -> None:
    """A monitor that is unknown after every hiccup is of no use."""
    azure.accounts.add_account(AccountSpec(name="a", group="rg"))
    azure.simulator.faults.add(Fault(path=ACCOUNTS, times=2, then=then))

    reading = await azure.inventory.read(LISTED, seconds=5)

    assert (len(reading.accounts), reading.gap) == (1, None)


@pytest.mark.parametrize(
    ("then", "reason", "tries"),
    [
        (arm_error(500, "X"), GapReason.SERVER_ERROR, 5),
        # The SDK's own policy repeats any error that has a Retry-After.
        (arm_error(403, "X", headers={"Retry-After": "1"}), GapReason.FORBIDDEN, 1),
    ],
)
async def test_tries_are_few_and_a_refusal_is_not_repeated_p8(
    azure: Azure, then: Effect, reason: GapReason, tries: int
) -> None:
    """P8: trouble that stays is not made worse."""
    fault = Fault(path=ACCOUNTS, then=then)
    azure.simulator.faults.add(fault)

    assert await _reason(azure.inventory) is reason
    assert azure.simulator.faults.hits(fault) == tries


async def test_pause_that_azure_asks_for_is_made_p8(azure: Azure) -> None:
    """P8: asking earlier would only be refused again, and longer."""
    headers = {"x-ms-retry-after-ms": "1000"}
    then = arm_error(429, "TooManyRequests", headers=headers)
    azure.simulator.faults.add(Fault(path=ACCOUNTS, times=1, then=then))

    assert await _reason(azure.inventory) is None
    first, second = (r for r in azure.simulator.requests if r.path.endswith("accounts"))
    assert (second.time - first.time).total_seconds() >= 0.9


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [("3600", 90.0), ("61", 90.0), ("2", 1.5), ("Wed, 21 Oct 2099 07:28:00 GMT", 90)],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_pause_beyond_the_bounds_is_a_gap_at_once_p8(
    azure: Azure, status: int, retry_after: str, seconds: float
) -> None:
    """P8: the SDK would sleep the hour; one subscription must not hold up a slice."""
    then = arm_error(status, "X", headers={"Retry-After": retry_after})
    azure.answer(ACCOUNTS, then)

    reason = await _reason(azure.inventory, seconds)

    assert reason is GapReason.THROTTLED
    assert len([r for r in azure.simulator.requests if r.path.endswith("accounts")]) == 1


async def test_answer_that_does_not_come_is_a_timeout(azure: Azure) -> None:
    """P8: a subscription has so many seconds in all."""
    azure.simulator.faults.add(Fault(path=ACCOUNTS, hold=Hold()))

    assert await _reason(azure.inventory, 0.2) is GapReason.TIMEOUT


async def test_others_are_asked_while_one_sleeps(azure: Azure) -> None:
    """P8: a place among the requests at once is held on the wire only, not while sleeping."""
    azure.accounts.add_account(AccountSpec(name="a", group="rg"))
    then = arm_error(429, "X", headers={"Retry-After": "20"})
    hold = Hold()
    azure.simulator.faults.add(Fault(path=ACCOUNTS, times=8, hold=hold, then=then))
    other = SUBSCRIPTION[:-1] + "2"
    azure.simulator.estate.add_subscription(other, "Other")
    sleeping = [asyncio.create_task(azure.inventory.read(LISTED, seconds=60)) for _ in range(8)]
    await hold.reached(8)
    hold.release()

    reading = await azure.inventory.read(Listed(other), seconds=15)

    assert reading.gap is None
    assert not any(task.done() for task in sleeping)
    for task in sleeping:
        task.cancel()
    await asyncio.wait(sleeping)


@pytest.mark.parametrize("then", [ITSELF, FIRST_PAGE, PLAIN_HTTP])
@pytest.mark.parametrize("page", [1, 2])
async def test_next_link_that_repeats_or_leaves_tls_is_not_followed(
    azure: Azure, then: NextLink, page: int
) -> None:
    """A list that turns in circles would never end, and plain HTTP would show the token."""
    for name in ("a", "b", "c"):
        azure.accounts.add_account(AccountSpec(name=name, group="rg"))
    azure.simulator.faults.add(Fault(path=ACCOUNTS, page=page, then=then))

    reading = await azure.inventory.read(LISTED, seconds=5)

    assert reading.gap is not None
    assert reading.gap.reason is GapReason.UNTRUSTED_NEXT_LINK
    assert len(reading.accounts) == page + 1
    assert len([r for r in azure.simulator.requests if r.path.endswith("accounts")]) == page


@pytest.mark.parametrize(
    "then",
    [
        arm_error(403, "AuthorizationFailed"),
        Answer(body={"value": [{"displayName": "no id"}]}),
        Answer(body={"value": [{"subscriptionId": "../x"}]}),
        ITSELF,
    ],
)
async def test_list_of_subscriptions_that_cannot_be_read_fails(azure: Azure, then: Effect) -> None:
    """P2: half a list would make the other half look as if it had vanished."""
    azure.simulator.faults.add(Fault(path="/subscriptions", then=then))

    with pytest.raises(InventoryError) as raised:
        await azure.inventory.subscriptions()

    assert raised.value.gap.detail
