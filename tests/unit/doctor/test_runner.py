"""The runner of the checks: none hides another, none takes longer than it may."""

import asyncio
from collections.abc import Sequence

from cmk_check.doctor.all_checks import Check, diagnose
from cmk_check.doctor.results import CheckFailed, Mark, MarkedText, NotTried


class Script:
    """What checks act on: keeps which of them ran."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.later = asyncio.Event()


async def _good(script: Script) -> Sequence[MarkedText]:
    script.ran.append("good")
    return [(Mark.OK, "Well."), (Mark.WARNING, "Mind this.")]


async def _bad(_: Script) -> Sequence[MarkedText]:
    raise CheckFailed("It is not there: make one.")


async def _breaks(_: Script) -> Sequence[MarkedText]:
    raise KeyError("hush")


async def _absent(_: Script) -> Sequence[MarkedText]:
    raise NotTried("None is set.")


async def _hangs(_: Script) -> Sequence[MarkedText]:
    await asyncio.Event().wait()
    return []


async def _waits(script: Script) -> Sequence[MarkedText]:
    await script.later.wait()
    return [(Mark.OK, "Late.")]


async def _hurries(script: Script) -> Sequence[MarkedText]:
    script.later.set()
    return [(Mark.OK, "Early.")]


async def _lines(*checks: Check[Script], faulty: Sequence[str] = ()) -> list[tuple[str, str, str]]:
    return [line async for line in diagnose(checks, Script(), faulty)]


async def test_a_check_that_breaks_does_not_hide_the_others() -> None:
    """One fault of ours must not cost the whole diagnosis, nor repeat a text that may be secret."""
    said = await _lines(Check("a", _breaks), Check("b", _bad), Check("c", _good))

    assert said == [
        ("a", "problem", "The check failed because of a bug in this program (KeyError)."),
        ("b", "problem", "It is not there: make one."),
        ("c", "ok", "Well."),
        ("c", "warning", "Mind this."),
    ]


async def test_a_check_has_its_time() -> None:
    """Whoever waits in front of a terminal gets an answer."""
    (said,) = await _lines(Check("a", _hangs, seconds=0.05))

    assert said[1:] == (
        "problem",
        ("There was no response within 0.05 s: try again; if this persists, check the network."),
    )


async def test_what_builds_on_a_failure_names_it_once() -> None:
    """One cause is one problem, however many checks it keeps from being tried."""
    said = await _lines(
        Check("a", _bad),
        Check("b", _hangs, seconds=0.05),
        Check("c", _bad),
        Check("d", _good, needs=("a", "b", "c")),
        Check("e", _good, needs=("d",)),
    )

    assert said[3:] == [
        ("d", "skipped", "Skipped, because it needs a, b, c above."),
        ("e", "skipped", "Skipped, because it needs a, b, c above."),
    ]


async def test_a_faulty_setting_stops_what_goes_by_it_alone() -> None:
    """The other checks are tried although one setting is wrong."""
    said = await _lines(
        Check("a", _good, settings=("CMK_STORAGE",)),
        Check("b", _absent, settings=("CMK_CLOUD",)),
        Check("c", _good, needs=("b",)),
        faulty=["CMK_STORAGE__clientId"],
    )

    assert said == [
        (
            "a",
            "skipped",
            "Skipped, because CMK_STORAGE__clientId cannot be used; see settings above.",
        ),
        ("b", "skipped", "None is set."),
        ("c", "skipped", "None is set."),  # nothing is wrong with what nobody set
    ]


async def test_checks_run_at_once_and_their_lines_stay_in_order() -> None:
    """Slow ones overlap; a person reads from top to bottom."""
    said = await _lines(Check("a", _waits, seconds=5), Check("b", _hurries))

    assert [text for _, _, text in said] == ["Late.", "Early."]


async def test_whoever_stops_listening_stops_the_checks() -> None:
    """Ctrl-C must not wait for what nobody wants to know any more."""
    script = Script()
    lines = diagnose([Check("a", _good), Check("b", _hangs)], script)

    await anext(lines)
    async with asyncio.timeout(5):
        await lines.aclose()

    assert script.ran == ["good"]
    assert asyncio.all_tasks() == {asyncio.current_task()}
