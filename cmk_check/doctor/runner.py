"""Runs the checks: each within its time, at once where they can, none hiding another."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from cmk_check.doctor.results import CheckFailed, CheckResult, Mark, MarkedText, NotTried, joined
from cmk_check.limits import DOCTOR_CHECK_SECONDS


@dataclass(frozen=True, slots=True)
class Check[Subject]:
    """One thing to try, in at most ``seconds``.

    ``needs`` names checks, further up, that must have succeeded; ``settings`` the beginnings of
    variables without whose value there is nothing to try.
    """

    name: str
    act: Callable[[Subject], Awaitable[Sequence[MarkedText]]]
    needs: Sequence[str] = ()
    settings: tuple[str, ...] = ()
    seconds: float = DOCTOR_CHECK_SECONDS


async def examine[Subject](
    checks: Sequence[Check[Subject]], subject: Subject, faulty: Collection[str] = ()
) -> AsyncGenerator[CheckResult]:
    """Run checks and yield their lines in order, each as soon as those above it are known.

    ``faulty`` are the variables that say nothing valid.
    """
    running: dict[str, asyncio.Task[_Outcome]] = {}
    try:
        for check in checks:
            earlier = {name: running[name] for name in check.needs}
            running[check.name] = asyncio.create_task(_outcome(check, subject, earlier, faulty))
        for check in checks:
            for mark, text in (await running[check.name]).said:
                yield CheckResult(mark, check.name, text)
    finally:
        for task in running.values():
            task.cancel()
        await asyncio.gather(*running.values(), return_exceptions=True)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What a check said, and whether others can build on it.

    ``untried`` where it was skipped, which is also all that there is to say of those.
    """

    said: Sequence[MarkedText]
    stands: bool = False
    untried: bool = False


async def _outcome[Subject](
    check: Check[Subject],
    subject: Subject,
    earlier: Mapping[str, asyncio.Task[_Outcome]],
    faulty: Collection[str],
) -> _Outcome:
    if invalid := [name for name in faulty if name.startswith(check.settings)]:
        return _skipped(f"Not tried, since {joined(invalid)} cannot be used: see settings, above.")
    before = {name: await task for name, task in earlier.items()}
    if failed := [name for name, it in before.items() if not (it.stands or it.untried)]:
        return _skipped(f"Not tried, since it needs {joined(failed)}, above.")
    if untried := [it for it in before.values() if it.untried]:
        return untried[0]
    try:
        async with asyncio.timeout(check.seconds):
            return _Outcome(await check.act(subject), stands=True)
    except NotTried as error:
        return _skipped(str(error))
    except Exception as error:  # noqa: BLE001 - a check that breaks must not hide the others
        return _Outcome([(Mark.PROBLEM, _trouble(error, check))])


def _skipped(text: str) -> _Outcome:
    return _Outcome([(Mark.SKIPPED, text)], untried=True)


def _trouble[Subject](error: Exception, check: Check[Subject]) -> str:
    if isinstance(error, CheckFailed):
        return str(error)
    if isinstance(error, TimeoutError):
        return (
            f"There was no answer within {check.seconds:g} s: try again; if it stays, look at the "
            "network between here and there."
        )
    # Its own text may hold anything.
    return f"The check broke off ({type(error).__name__}), a fault of this program."
