"""What the doctor says of subscriptions and of the right to read each."""

import asyncio
from dataclasses import replace

import pytest

from cmk_check.core.account import Reading, Subscription
from cmk_check.core.enums import GapReason, PostureReason
from cmk_check.core.gap import Gap
from cmk_check.core.reasons.catalogue import POSTURE_REASONS
from cmk_check.doctor import estate_checks
from cmk_check.doctor.results import CheckFailed
from cmk_check.ports import InventoryError
from tests.fakes.inventory import ScriptedInventory
from tests.unit.doctor.subjects import ScriptedPatient, subscription, told

ONE, TWO, THREE = (subscription(number) for number in (1, 2, 3))
FIRST, SECOND, THIRD = (f"{each.name} ({each.id})" for each in (ONE, TWO, THREE))
DELETED = replace(THREE, state="Deleted")
NONE_VISIBLE = POSTURE_REASONS[PostureReason.NO_SUBSCRIPTION_VISIBLE]
FORBIDDEN = Gap(GapReason.FORBIDDEN, "Some/thing/read", "Azure answered 403: grant it.")
BROKEN = Gap(GapReason.SERVER_ERROR, detail="Azure answered 500: wait.")
ACCOUNTS = "Microsoft.CognitiveServices/accounts/read"
OF_ACCOUNTS = "(api-version of microsoft.cognitiveservices/accounts)"
ONE_SEEN = ("ok", "Subscriptions: 1 visible, 1 in scope.")
CURE = "Assign the identity the Reader role there, or add the ids to CMK_EXCLUDE_SUBSCRIPTIONS."
ON_BOTH = {"CMK_INCLUDE_SUBSCRIPTIONS": f"{ONE.id},{TWO.id}", "CMK_EXCLUDE_SUBSCRIPTIONS": TWO.id}
OF_GROUP = {"CMK_MANAGEMENT_GROUP": "mg-ai"}


@pytest.mark.parametrize(
    ("listed", "environ", "said"),
    [
        pytest.param(
            [ONE, TWO], {}, [("ok", "Subscriptions: 2 visible, 2 in scope.")], id="all is well"
        ),
        pytest.param(
            [ONE, TWO, DELETED],
            {"CMK_EXCLUDE_SUBSCRIPTIONS": TWO.id},
            [("ok", "Subscriptions: 2 visible, 1 in scope.")],
            id="one is excluded, and one deleted",
        ),
        pytest.param(
            [ONE],
            {"CMK_EXCLUDE_SUBSCRIPTIONS": ONE.id},
            [("problem", NONE_VISIBLE.text("1 visible"))],
            id="all are excluded",
        ),
        pytest.param(
            [ONE],
            {"CMK_INCLUDE_SUBSCRIPTIONS": f"{ONE.id},{TWO.id}"},
            [
                ONE_SEEN,
                ("problem", f"In CMK_INCLUDE_SUBSCRIPTIONS but not visible: {TWO.id}. {CURE}"),
            ],
            id="one that is included is not there",
        ),
        pytest.param(
            [ONE],
            ON_BOTH,
            [
                ONE_SEEN,
                (
                    "warning",
                    f"Both included and excluded, so not read: {TWO.id}. Remove one of the two.",
                ),
                ("ok", f"In CMK_EXCLUDE_SUBSCRIPTIONS and not visible: {TWO.id}."),
            ],
            id="one that is on both lists is not there",
        ),
        pytest.param(
            [ONE],
            OF_GROUP,
            [ONE_SEEN, ("problem", f"Below mg-ai but not visible: {SECOND}. {CURE}")],
            id="one that only the group names",
        ),
        pytest.param(
            [ONE, TWO],
            OF_GROUP | {"CMK_EXCLUDE_SUBSCRIPTIONS": TWO.id},
            [
                ("ok", "Subscriptions: 2 visible, 1 in scope."),
                ("ok", "All 2 subscriptions below mg-ai are visible or excluded."),
            ],
            id="the group names no other",
        ),
    ],
)
async def test_what_is_seen_is_compared_with_what_is_wanted(
    listed: list[Subscription], environ: dict[str, str], said: list[tuple[str, str]]
) -> None:
    """A posture that is unknown for this reason is mended here."""
    azure = ScriptedInventory(listed)
    azure.in_group = (ONE, TWO)

    assert (
        await told(estate_checks.subscriptions, ScriptedPatient.over(azure, environ=environ))
        == said
    )


async def test_a_group_that_cannot_be_read_says_why() -> None:
    """The rest of the check is said all the same."""
    azure = ScriptedInventory([ONE])
    azure.group_error = InventoryError(FORBIDDEN)
    subject = ScriptedPatient.over(azure, environ=OF_GROUP)

    text = "The group in CMK_MANAGEMENT_GROUP cannot be read (forbidden). "
    assert await told(estate_checks.subscriptions, subject) == [
        ONE_SEEN,
        ("problem", f"{text}{FORBIDDEN.detail}"),
    ]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (None, NONE_VISIBLE.text()),
        (
            InventoryError(BROKEN),
            "The subscriptions cannot be listed (server_error). Azure answered 500: wait.",
        ),
    ],
    ids=["none is visible", "no list"],
)
async def test_without_subscriptions_no_other_check_is_tried(
    error: InventoryError | None, said: str
) -> None:
    """No scan begins; and what was not tried must not be said to work."""
    azure = ScriptedInventory()
    azure.list_error = error

    with pytest.raises(CheckFailed) as raised:
        await estate_checks.subscriptions(ScriptedPatient.over(azure))

    assert str(raised.value) == said


@pytest.mark.parametrize(
    ("gaps", "said"),
    [
        pytest.param(
            [None, None, None],
            [("ok", f"{ACCOUNTS} works in 3 of 3 subscriptions {OF_ACCOUNTS}.")],
            id="all",
        ),
        pytest.param(
            [FORBIDDEN, None, FORBIDDEN],
            [
                ("ok", f"{ACCOUNTS} works in 1 of 3 subscriptions {OF_ACCOUNTS}."),
                ("problem", f"forbidden in {FIRST}, {THIRD}: Azure answered 403: grant it."),
            ],
            id="one cause is one line",
        ),
        pytest.param(
            [FORBIDDEN, BROKEN, BROKEN],
            [
                ("problem", f"forbidden in {FIRST}: Azure answered 403: grant it."),
                ("problem", f"server_error in {SECOND}, {THIRD}: Azure answered 500: wait."),
            ],
            id="none can be read",
        ),
    ],
)
async def test_each_subscription_is_really_read(
    gaps: list[Gap | None], said: list[tuple[str, str]]
) -> None:
    """A role assignment that looks right may still not reach every subscription."""
    azure = ScriptedInventory([ONE, TWO, THREE])
    azure.readings = {
        each.id: Reading(gap=gap) for each, gap in zip(azure.listed, gaps, strict=True)
    }
    subject = ScriptedPatient.over(azure)
    await estate_checks.subscriptions(subject)

    assert await told(estate_checks.permissions, subject) == said
    assert sorted(azure.reads) == [ONE.id, TWO.id, THREE.id]


async def test_what_is_excluded_is_not_read() -> None:
    """Nobody needs a permission there."""
    azure = ScriptedInventory([ONE])
    subject = ScriptedPatient.over(azure, environ={"CMK_EXCLUDE_SUBSCRIPTIONS": ONE.id})
    await estate_checks.subscriptions(subject)

    assert await told(estate_checks.permissions, subject) == [
        ("skipped", "No subscription is in scope.")
    ]
    assert azure.reads == []


async def test_many_are_named_as_the_first_few() -> None:
    """A line that names ten thousand is read by nobody."""
    azure = ScriptedInventory([subscription(number) for number in range(25)])
    azure.readings = {each.id: Reading(gap=FORBIDDEN) for each in azure.listed}
    subject = ScriptedPatient.over(azure)
    await estate_checks.subscriptions(subject)

    ((_, text),) = await told(estate_checks.permissions, subject)

    assert text.count("Number") == 10
    assert " and 15 more: Azure answered 403" in text


async def test_an_estate_that_takes_too_long_is_left() -> None:
    """A person waits; what was read until then is said."""
    azure = ScriptedInventory([ONE, TWO])

    async def hang(subscription_id: str) -> None:
        if subscription_id == TWO.id:
            await asyncio.Event().wait()

    azure.before_read = hang
    subject = ScriptedPatient.over(azure)
    subject.reading_seconds = 0.05
    await estate_checks.subscriptions(subject)

    said = await told(estate_checks.permissions, subject)

    assert said[0] == ("ok", f"{ACCOUNTS} works in 1 of 2 subscriptions {OF_ACCOUNTS}.")
    assert said[1][1].startswith(f"timeout in Number 2 ({TWO.id}): This check ran out of time")


async def test_no_more_are_read_at_once_than_the_app_would() -> None:
    """Azure throttles by the hour: the doctor must not take what the next scan needs."""
    azure = ScriptedInventory([subscription(number) for number in range(12)])
    busy, most = 0, 0

    async def count(_: str) -> None:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0)
        busy -= 1

    azure.before_read = count
    subject = ScriptedPatient.over(azure, environ={"CMK_MAX_IN_FLIGHT": "3"})
    await estate_checks.subscriptions(subject)
    await estate_checks.permissions(subject)

    assert most == 3
    assert len(azure.reads) == 12
