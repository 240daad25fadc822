"""What Resource Graph knows of accounts: all of it, or nothing."""

import pytest

from cmk_check.core.enums import GapReason
from cmk_check.ports import InventoryError
from local.simulator.accounts import AccountSpec
from local.simulator.faults import Effect, arm_error
from tests.contract.inventory.azure_kit import OTHER, Azure
from tests.contract.inventory.conftest import GRAPH, SUBSCRIPTION, account_id, graph_answer

_UNDATED = ("systemData", "properties.dateCreated")
ID = account_id("a").text


async def test_accounts_in_scope_of_the_named_subscriptions_are_known_with_their_dates(
    azure: Azure,
) -> None:
    """Also one that is gone, for a while; on as many pages as it takes."""
    azure.accounts.add_account(AccountSpec(name="a", group="rg", without=_UNDATED))
    azure.accounts.add_account(AccountSpec(name="b", group="rg", without=_UNDATED))
    azure.accounts.add_account(AccountSpec(name="speech", group="rg", kind="SpeechServices"))
    azure.accounts.add_account(AccountSpec(name="new", group="rg")).indexed = False
    azure.accounts.add_account(AccountSpec(name="gone", group="rg"))
    azure.accounts.remove_account("gone", still_indexed=True)
    azure.simulator.estate.add_subscription(OTHER, "Other").add_account(
        AccountSpec(name="c", group="rg")
    )
    azure.simulator.arm.graph.per_page = 2

    known = await azure.inventory.account_search().accounts([SUBSCRIPTION])

    assert [each.id for each in known] == [account_id(name) for name in ("a", "b", "gone")]
    dates = [each.created_at for each in known]
    assert dates[:2] == [None, None]


@pytest.mark.parametrize(
    ("created_at", "date_created", "expected"),
    [
        ("2026-01-02T03:04:05.1234567Z", None, 5),
        (None, "2026-01-02T03:04:06.1234567Z", 6),
        ("soon", "2026-01-02T03:04:06Z", 6),
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:06Z", 5),
        ("2026-01-02T03:04:07Z", "2026-01-02T03:04:06Z", 6),
    ],
)
async def test_an_account_is_as_old_as_either_of_its_dates_says(
    azure: Azure, created_at: str | None, date_created: str | None, expected: int | None
) -> None:
    """Recorded accounts have `properties.dateCreated`, and not all of them `systemData`."""
    account = azure.accounts.add_account(AccountSpec(name="a", group="rg", without=_UNDATED))
    for path, value in (
        ("systemData.createdAt", created_at),
        ("properties.dateCreated", date_created),
    ):
        if value is not None:
            account.set(path, value)

    (known,) = await azure.inventory.account_search().accounts([SUBSCRIPTION])

    assert (known.created_at and known.created_at.second) == expected


@pytest.mark.parametrize(
    ("then", "reason"),
    [
        (arm_error(403, "AuthorizationFailed"), GapReason.FORBIDDEN),
        (graph_answer({"id": "/subscriptions/x", "createdAt": ""}), GapReason.MALFORMED_PAGE),
        (graph_answer({"id": ID}, {"id": ID}), GapReason.MALFORMED_PAGE),
        (graph_answer({"id": ID}, {"id": ID.upper()}), GapReason.MALFORMED_PAGE),
    ],
)
async def test_a_part_of_the_answer_is_none(azure: Azure, then: Effect, reason: GapReason) -> None:
    """A check that was not made must not look like one that found nothing."""
    azure.answer(GRAPH, then)

    with pytest.raises(InventoryError) as caught:
        await azure.inventory.account_search().accounts([SUBSCRIPTION])

    assert caught.value.gap.reason is reason


async def test_an_answer_for_the_first_subscriptions_alone_is_none(azure: Azure) -> None:
    """Beyond 10,000 subscriptions the rest is left out, and only a header says so."""
    azure.simulator.arm.graph.limit_hit = True

    with pytest.raises(InventoryError):
        await azure.inventory.account_search().accounts([SUBSCRIPTION])
