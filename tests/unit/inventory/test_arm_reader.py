"""Reading Azure: what is read by its path, and how many requests are on the wire at once."""

import asyncio

import pytest
from azure.core.exceptions import HttpResponseError

from cmk_check.core.enums import GapReason
from cmk_check.inventory.arm_reader import ArmReader
from cmk_check.inventory.calls import Deadline
from cmk_check.inventory.gaps import build_gap
from cmk_check.ports import InventoryError
from tests.unit.inventory.fake_transport import ARM, Wire, reader_over

PATH = "/subscriptions/s/providers/Microsoft.Authorization/policyExemptions"
ACTION = "Microsoft.Authorization/policyExemptions/read"


async def _list(wire: Wire, path: str = PATH) -> list[object]:
    return await reader_over(wire).entries(path, Deadline.within(5))


async def _get(wire: Wire, path: str) -> dict[str, object]:
    return await reader_over(wire).document(path, Deadline.within(5))


async def test_names_are_escaped() -> None:
    """Names of policy assignments may hold a question mark, which would begin a query."""
    wire = Wire(lambda *_: {"name": "found"})

    assert await _get(wire, f"{PATH}/a b?c#d%2F") == {"name": "found"}
    assert wire.asked == [("GET", f"{PATH}/a%20b%3Fc%23d%252F", None)]


@pytest.mark.parametrize(
    "path", ["", "a", "//host/a", "/a/../b", "/a/./b", "/a/..", "/a/", "/a\n", f"/{chr(0xD800)}"]
)
async def test_path_that_leads_elsewhere_is_not_asked_for_p5(path: str) -> None:
    """P5: paths come out of what others wrote."""
    wire = Wire(lambda *_: {"value": []})

    with pytest.raises(InventoryError, match="unexpected_response"):
        await _list(wire, path)
    assert wire.asked == []


@pytest.mark.parametrize(
    "link", ["https://elsewhere.example/", f"{ARM}{PATH}?api-version=2022-07-01-preview"]
)
async def test_link_that_leads_elsewhere_or_back_is_refused_p5(link: str) -> None:
    """P5: the token goes to no other host, and a list that leads back has no end."""
    wire = Wire(lambda *_: {"value": [], "nextLink": link})

    with pytest.raises(InventoryError, match="untrusted_next_link"):
        await _list(wire)
    assert len(wire.asked) == 1


@pytest.mark.parametrize("status", [202, 204, 302, 403])
async def test_other_answers_are_trouble(status: int) -> None:
    """P2: an answer that is not the list is not an empty list."""
    wire = Wire(lambda *_: (status, {"value": [], "error": {"code": "AuthorizationFailed"}}))

    with pytest.raises(HttpResponseError) as raised:
        await _list(wire)
    gap = build_gap(raised.value, ACTION)
    denied = status == 403
    assert gap.reason is (GapReason.FORBIDDEN if denied else GapReason.UNEXPECTED_RESPONSE)
    assert gap.missing_action == (ACTION if denied else None)


async def _ask(reader: ArmReader, number: int) -> list[object]:
    return await reader.entries(f"{PATH}/{number}", Deadline.within(5))


async def _asked(wire: Wire) -> int:
    """Count the requests on the wire, when everyone has gone as far as he can."""
    for _ in range(200):
        await asyncio.sleep(0)
    return len(wire.asked)


@pytest.mark.parametrize(("at_once", "for_keys"), [(1, 1), (2, 1), (3, 2), (4, 3), (32, 24)])
async def test_keys_have_three_quarters_of_the_places_p8(at_once: int, for_keys: int) -> None:
    """P8: lists of accounts go on beside slow keys, and with one place both take turns."""
    wire = Wire(lambda *_: {"value": []})
    wire.open.clear()
    lists = reader_over(wire, at_once=at_once)
    keys = lists.for_keys()

    tasks = [asyncio.create_task(_ask(keys, number)) for number in range(33)]
    counts = [await _asked(wire)]
    tasks += [asyncio.create_task(_ask(lists, number)) for number in range(33)]
    counts.append(await _asked(wire))
    wire.open.set()
    answers = await asyncio.wait_for(asyncio.gather(*tasks), 5)

    assert counts == [for_keys, at_once]
    assert answers == [[]] * 66
