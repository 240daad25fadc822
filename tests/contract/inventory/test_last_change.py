"""Who changed an account last, by the real SDK against the simulated Resource Graph."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from time import monotonic
from typing import Final

import pytest

from cmk_check.core.enums import GapReason
from cmk_check.core.gap import Gap
from cmk_check.inventory.azure_inventory import AzureInventory
from cmk_check.inventory.resource_graph import last_change_query
from cmk_check.ports import LastChange
from local.simulator import Fault, Hold, Simulator
from local.simulator.change_log import NOBODY, PERSON, PLATFORM, PROGRAM
from local.simulator.faults import Answer, arm_error
from tests.contract.inventory.azure_kit import OTHER, Azure
from tests.contract.inventory.conftest import GRAPH, SUBSCRIPTION, graph_answer
from tests.guard.kql import bound

ACCOUNT: Final = "Microsoft.CognitiveServices/accounts"
NOON: Final = datetime(2026, 11, 25, 12, tzinfo=UTC)
AUTHORS: Final = (PERSON, PROGRAM, PLATFORM, NOBODY)
# Some begin like others, and some would end a text of KQL.
NAMES: Final = ("chat", "Chat2", "chat-1", "cha", "o'brien", "back\\slash", "q' or '' == '", "süd")


def _path(name: str, group: str = "rg", subscription: str = SUBSCRIPTION) -> str:
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{ACCOUNT}/{name}"


async def _last(inventory: AzureInventory, path: str) -> LastChange | Gap | None:
    return await inventory.change_search().last_change(path)


class History:
    """Changes of accounts over hours, and a second writing of which one Azure knows to be last."""

    def __init__(self, simulator: Simulator, seed: int) -> None:
        self.random = Random(seed)
        self.now = NOON
        self.log = simulator.estate.changes
        self.log.clock = lambda: self.now
        self.known: dict[str, list[tuple[datetime, datetime, Mapping[str, str]]]] = {}

    def step(self, paths: list[str]) -> None:
        """Let an account be changed: late, twice, or at the time of the change before."""
        path, author = self.random.choice(paths), self.random.choice(AUTHORS)
        lags = self.random.choice([(0.0,), (0.0, 0.0), (0.0, 400.0), (300.0,), ()])
        self.log.lags, self.log.authors = lambda: lags, lambda: author
        self.log.add(self.random.choice([path, path.lower(), path.upper()]), ACCOUNT)
        for lag in lags:
            seen = self.now + timedelta(seconds=lag)
            self.known.setdefault(path, []).append((self.now, seen, author))
        self.now += timedelta(seconds=self.random.choice([0, 0, 1, 250, 90_000]))

    def expected(self, path: str) -> tuple[datetime | None, list[Mapping[str, str]]]:
        """Return the time of the last change, and who may have made it: two may at one time."""
        best, authors = None, list[Mapping[str, str]]()
        for at, seen, author in self.known.get(path, []):
            if seen > self.now or self.now - at > timedelta(days=14):
                continue
            if best is None or at > best:
                best, authors = at, []
            if at == best:
                authors.append(author)
        return best, authors


@pytest.mark.parametrize("seed", range(8))
async def test_the_answer_is_the_newest_change_of_that_account(azure: Azure, seed: int) -> None:
    """Whoever is asked about another one's change is asked in vain, or accused."""
    azure.simulator.estate.add_subscription(OTHER, "Lab")
    history = History(azure.simulator, seed)
    paths = [_path(name) for name in NAMES]
    paths += [_path("chat", "RG2"), _path("chat", "rg", OTHER), _path("never")]
    for _ in range(60):
        history.step(paths[:-1])

    for path in paths:
        found, (at, authors) = await _last(azure.inventory, path), history.expected(path)
        assert not isinstance(found, Gap), path
        assert (found and found.at) == at, path
        said = found and (found.changed_by, found.changed_by_type, found.client_type)
        words = ("changedBy", "changedByType", "clientType")
        assert said in [tuple(author[word] for word in words) for author in authors] or not authors


async def test_azures_words_are_kept_and_values_are_not(azure: Azure) -> None:
    """Azure says Unspecified, and so do we; no value of a property leaves the adapter."""
    log = azure.simulator.estate.changes
    log.authors, log.clock = lambda: NOBODY, lambda: NOON
    log.add(_path("chat"), ACCOUNT)
    (recorded,) = log.visible()

    assert await _last(azure.inventory, _path("CHAT", "RG")) == LastChange(
        at=NOON,
        changed_by="Unspecified",
        changed_by_type="Unspecified",
        client_type="Unspecified",
        operation="Unspecified",
        correlation_id=recorded.correlation_id,
        properties=("properties.encryption.keySource",),
    )


async def test_questions_take_turns(azure: Azure, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script that asks for all accounts at once must not use up the quota within a second."""
    monkeypatch.setattr("cmk_check.inventory.resource_graph.LAST_CHANGE_PAUSE_SECONDS", 0.3)
    search, hold, began = azure.inventory.change_search(), Hold(), monotonic()
    azure.simulator.faults.add(Fault(path=GRAPH, hold=hold))

    asked = [asyncio.ensure_future(search.last_change(_path("chat"))) for _ in range(3)]
    await hold.reached()
    await asyncio.sleep(0.1)
    arrived = hold.arrived
    hold.release()

    assert await asyncio.gather(*asked) == [None] * 3
    assert arrived == 1
    assert monotonic() - began >= 2 * 0.3


async def test_an_answer_that_does_not_come_holds_nobody_up_p8(
    azure: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P8: somebody waits at the page, and others behind him."""
    monkeypatch.setattr("cmk_check.inventory.resource_graph.LAST_CHANGE_SECONDS", 0.3)
    azure.simulator.faults.add(Fault(path=GRAPH, hold=Hold()))
    began = monotonic()

    found = await _last(azure.inventory, _path("chat"))

    assert isinstance(found, Gap)
    assert found.reason is GapReason.TIMEOUT
    assert monotonic() - began < 5


_ROW: Final = {"at": "2026-11-25T12:00:00Z"}


def _changed(name: str) -> dict[str, object]:
    return {"properties": {"targetResourceId": _path(name)}}


@pytest.mark.parametrize(
    ("then", "reason"),
    [
        (arm_error(403, "AuthorizationFailed"), GapReason.FORBIDDEN),
        (graph_answer(None), GapReason.MALFORMED_PAGE),
        (graph_answer(_ROW), GapReason.MALFORMED_PAGE),
        (graph_answer(_ROW | _changed("chat2")), GapReason.MALFORMED_PAGE),
        (graph_answer({"at": "2026-11-25T12:00:00"} | _changed("chat")), GapReason.MALFORMED_PAGE),
        (graph_answer(_changed("chat")), GapReason.MALFORMED_PAGE),
    ],
)
async def test_without_an_answer_or_with_that_of_something_else_the_reason_is_named(
    azure: Azure, then: Answer, reason: GapReason
) -> None:
    """The account's detail says why this one answer is missing; nobody is named in its place."""
    azure.answer(GRAPH, then)

    found = await _last(azure.inventory, _path("chat"))

    assert isinstance(found, Gap)
    assert found.reason is reason
    assert (found.missing_action is not None) == (reason is GapReason.FORBIDDEN)


def test_the_query_parses_whatever_an_account_is_called() -> None:
    """The simulator knows one sentence of the language; Microsoft's service knows all of it."""
    queries = tuple(last_change_query(_path(name)) for name in NAMES)

    assert [each.faults for each in bound(queries)] == [[]] * len(NAMES)
