"""All checks, in the order in which they depend on each other, and what runs them.

They run concurrently, each with a time limit; a failure does not stop the others.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from cmk_check import limits
from cmk_check.doctor import app_checks, azure_checks, estate_checks, sample_checks, storage_checks
from cmk_check.doctor.examined_app import DoctorSubject
from cmk_check.doctor.results import CheckFailed, CheckResult, Mark, MarkedText, NotTried, joined

# Variables that checks read.
_ARM: Final = ("CMK_CLOUD", "CMK_ARM_URL")
_SIGN_IN: Final = ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
_SCOPE: Final = ("CMK_INCLUDE_SUBSCRIPTIONS", "CMK_EXCLUDE_SUBSCRIPTIONS", "CMK_MANAGEMENT_GROUP")
_STORE: Final = ("CMK_STORAGE",)
# Checks that others need.
_AZURE: Final = ("cloud", "credential")
_ACCOUNTS: Final = ("permissions",)
_READING: Final = ("permissions", "keys", "exceptions", "data stores", "watch")
_TOKEN: Final = ("storage token",)
# How long they may take, in seconds.
_ESTATE: Final = limits.DOCTOR_READING_SECONDS + limits.DOCTOR_MARGIN_SECONDS
_SAMPLE: Final = limits.DOCTOR_SAMPLE_SECONDS + limits.DOCTOR_MARGIN_SECONDS


@dataclass(frozen=True, slots=True)
class Check[Subject]:
    """One check, which may take at most ``seconds``.

    ``needs`` names earlier checks that must have succeeded, ``after`` those that must have ended;
    ``settings`` holds the prefixes of variables that must be valid.
    """

    name: str
    act: Callable[[Subject], Awaitable[Sequence[MarkedText]]]
    needs: Sequence[str] = ()
    settings: tuple[str, ...] = ()
    seconds: float = limits.DOCTOR_CHECK_SECONDS
    after: Sequence[str] = ()


CHECKS: Final[Sequence[Check[DoctorSubject]]] = (
    Check("settings", app_checks.settings),
    Check("schedule", app_checks.schedule, settings=("CMK_MAX_AGE_MINUTES",)),
    Check("cloud", azure_checks.cloud, settings=(*_ARM, "SSL_CERT_FILE")),
    Check("clock", azure_checks.clock, ("cloud",)),
    Check("credential", azure_checks.credential, settings=(*_ARM, *_SIGN_IN)),
    Check("subscriptions", estate_checks.subscriptions, _AZURE, _SCOPE, limits.DOCTOR_LIST_SECONDS),
    Check("permissions", estate_checks.permissions, ("subscriptions",), (), _ESTATE),
    Check("keys", sample_checks.keys, _ACCOUNTS, ("CMK_KEY_HEALTH",), _SAMPLE),
    Check("exceptions", sample_checks.exceptions, _ACCOUNTS, ("CMK_EXCEPTIONS",), _SAMPLE),
    Check("data stores", sample_checks.data_stores, _ACCOUNTS, ("CMK_DATA_STORES",), _SAMPLE),
    Check("watch", azure_checks.watch, _AZURE),
    Check("storage token", azure_checks.storage_credential, settings=_STORE),
    Check("tables", storage_checks.tables, _TOKEN, _STORE, limits.DOCTOR_STORAGE_SECONDS),
    Check("queues", storage_checks.queues, _TOKEN, _STORE, limits.DOCTOR_STORAGE_SECONDS),
    Check("scans", storage_checks.scans, ("tables",), ("CMK_MAX_AGE_MINUTES",)),
    Check("webhook", app_checks.webhook, settings=("CMK_WEBHOOK", "CMK_ROUTE")),
    Check("actions", azure_checks.actions, settings=_ARM, after=_READING),
)


async def diagnose(subject: DoctorSubject) -> AsyncGenerator[CheckResult]:
    """Run all checks; yield lines as they are known."""
    async with aclosing(examine(CHECKS, subject, subject.unusable)) as lines:
        async for line in lines:
            yield line


async def examine[Subject](
    checks: Sequence[Check[Subject]], subject: Subject, faulty: Collection[str] = ()
) -> AsyncGenerator[CheckResult]:
    """Run checks and yield their lines in order, each as soon as those above it are known.

    ``faulty`` are the variables without a valid value.
    """
    running: dict[str, asyncio.Task[_Outcome]] = {}
    try:
        for check in checks:
            earlier = {name: running[name] for name in (*check.needs, *check.after)}
            running[check.name] = asyncio.create_task(_outcome(check, subject, earlier, faulty))
        for check in checks:
            for mark, text in (await running[check.name]).results:
                yield CheckResult(mark, check.name, text)
    finally:
        for task in running.values():
            task.cancel()
        await asyncio.gather(*running.values(), return_exceptions=True)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """The results of a check, and whether checks that need it can run.

    If it was ``skipped``, they are skipped with the same result.
    """

    results: Sequence[MarkedText]
    succeeded: bool = False
    skipped: bool = False


async def _outcome[Subject](
    check: Check[Subject],
    subject: Subject,
    earlier: Mapping[str, asyncio.Task[_Outcome]],
    faulty: Collection[str],
) -> _Outcome:
    if invalid := [name for name in faulty if name.startswith(check.settings)]:
        return _skipped(f"Skipped, because {joined(invalid)} cannot be used; see settings above.")
    ended = {name: await task for name, task in earlier.items()}
    outcomes = {name: ended[name] for name in check.needs}
    if failed := [name for name, it in outcomes.items() if not (it.succeeded or it.skipped)]:
        return _skipped(f"Skipped, because it needs {joined(failed)} above.")
    if skipped := [it for it in outcomes.values() if it.skipped]:
        return skipped[0]
    try:
        async with asyncio.timeout(check.seconds):
            return _Outcome(await check.act(subject), succeeded=True)
    except NotTried as error:
        return _skipped(str(error))
    except Exception as error:  # noqa: BLE001 - a check that breaks must not hide the others
        return _Outcome([(Mark.PROBLEM, _trouble(error, check))])


def _skipped(text: str) -> _Outcome:
    return _Outcome([(Mark.SKIPPED, text)], skipped=True)


def _trouble[Subject](error: Exception, check: Check[Subject]) -> str:
    if isinstance(error, CheckFailed):
        return str(error)
    if isinstance(error, TimeoutError):
        return (
            f"There was no answer within {check.seconds:g} s: try again; if this persists, check "
            "the network in between."
        )
    # The error's own text may contain anything.
    return f"The check failed because of a bug in this program ({type(error).__name__})."
