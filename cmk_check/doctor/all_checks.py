"""Run all checks of the app, in the order of their dependencies.

The checks run concurrently, each with a time limit. A failed check does not stop the others.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cmk_check import limits
from cmk_check.core.text import few
from cmk_check.doctor import app_checks, azure_checks, estate_checks, storage_checks
from cmk_check.doctor.examined_app import DoctorSubject
from cmk_check.doctor.results import CheckFailed, Mark, MarkedText, NotTried

# Environment variables that checks read.
_ARM: Final = ("CMK_CLOUD", "CMK_ARM_URL")
_SIGN_IN: Final = ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
_SCOPE: Final = ("CMK_INCLUDE_SUBSCRIPTIONS", "CMK_EXCLUDE_SUBSCRIPTIONS", "CMK_MANAGEMENT_GROUP")
_STORE: Final = ("CMK_STORAGE",)
# Checks that other checks need.
_AZURE: Final = ("cloud", "credential")
_LISTED: Final = ("subscriptions",)
_ACCOUNTS: Final = ("permissions",)
_READING: Final = ("permissions", "keys", "exceptions", "watch")
_TOKEN: Final = ("storage token",)
# Time limits in seconds.
_ESTATE: Final = limits.DOCTOR_READING_SECONDS + limits.DOCTOR_MARGIN_SECONDS
_SAMPLE: Final = limits.DOCTOR_SAMPLE_SECONDS + limits.DOCTOR_MARGIN_SECONDS


@dataclass(frozen=True, slots=True)
class Check[Subject]:
    """A check of the app, which may take at most ``seconds``.

    ``needs`` names earlier checks that must have succeeded. ``after`` names earlier checks that
    must have ended. ``settings`` contains the prefixes of variables that must be valid.
    """

    name: str
    act: Callable[[Subject], Awaitable[Sequence[MarkedText]]]
    needs: Sequence[str] = ()
    settings: tuple[str, ...] = ()
    seconds: float = limits.DOCTOR_CHECK_SECONDS
    after: Sequence[str] = ()


CHECKS: Final[Sequence[Check[DoctorSubject]]] = (
    Check("settings", app_checks.settings),
    Check("schedule", app_checks.schedule, settings=("CMK_SCAN_SCHEDULE", "CMK_MAX_AGE_MINUTES")),
    Check("cloud", azure_checks.cloud, settings=(*_ARM, "SSL_CERT_FILE")),
    Check("clock", azure_checks.clock, ("cloud",)),
    Check("credential", azure_checks.credential, settings=(*_ARM, *_SIGN_IN)),
    Check("subscriptions", estate_checks.subscriptions, _AZURE, _SCOPE, limits.DOCTOR_LIST_SECONDS),
    Check("permissions", estate_checks.permissions, _LISTED, (), _ESTATE),
    Check("keys", estate_checks.keys, _ACCOUNTS, ("CMK_KEY_HEALTH",), _SAMPLE),
    Check("exceptions", estate_checks.exceptions, _ACCOUNTS, ("CMK_EXCEPTIONS",), _SAMPLE),
    Check("watch", azure_checks.watch, _AZURE, ("CMK_WATCH_SCHEDULE",), _SAMPLE, _LISTED),
    Check("storage token", azure_checks.storage_credential, settings=_STORE),
    Check("tables", storage_checks.tables, _TOKEN, _STORE, limits.DOCTOR_STORAGE_SECONDS),
    Check("feed", storage_checks.feed, ("tables",)),
    Check("queues", storage_checks.queues, _TOKEN, _STORE, limits.DOCTOR_STORAGE_SECONDS),
    Check("scans", storage_checks.scans, ("tables",), ("CMK_MAX_AGE_MINUTES",)),
    Check("webhook", app_checks.webhook, settings=("CMK_WEBHOOK", "CMK_ROUTE")),
    Check("action group", app_checks.action_group, settings=("CMK_ACTION_GROUP",)),
    Check("actions", azure_checks.actions, settings=_ARM, after=_READING),
)


async def diagnose[Subject](
    checks: Sequence[Check[Subject]], subject: Subject, faulty: Collection[str] = ()
) -> AsyncGenerator[tuple[str, Mark, str]]:
    """Run checks, and yield (check, mark, text) for each result, in order and without delay.

    ``faulty`` are the variables without a valid value. The text contains the result and, unless the
    mark is ok, what to do.
    """
    running: dict[str, asyncio.Task[Sequence[MarkedText]]] = {}
    try:
        for check in checks:
            earlier = {name: running[name] for name in (*check.needs, *check.after)}
            running[check.name] = asyncio.create_task(_run_check(check, subject, earlier, faulty))
        for name, task in running.items():
            try:
                results = await task
            except CheckFailed as error:
                results = [(Mark.PROBLEM, str(error))]
            except NotTried as error:
                results = [(Mark.SKIPPED, str(error))]
            for mark, text in results:
                yield name, mark, text
    finally:
        for task in running.values():
            task.cancel()
        await asyncio.gather(*running.values(), return_exceptions=True)


async def _run_check[Subject](
    check: Check[Subject],
    subject: Subject,
    earlier: Mapping[str, asyncio.Task[Sequence[MarkedText]]],
    faulty: Collection[str],
) -> Sequence[MarkedText]:
    """Run a check, unless a setting is invalid or an earlier check did not succeed.

    Raises:
        CheckFailed: the check failed.
        NotTried: the check was skipped; checks that need this check are skipped with the same text.
    """
    if invalid := [name for name in faulty if name.startswith(check.settings)]:
        raise NotTried(f"Skipped, because {few(invalid)} cannot be used; see settings above.")
    await asyncio.gather(*earlier.values(), return_exceptions=True)
    errors = {name: earlier[name].exception() for name in check.needs}
    if failed := [name for name, error in errors.items() if isinstance(error, CheckFailed)]:
        raise NotTried(f"Skipped, because it needs {few(failed)} above.")
    for error in filter(None, errors.values()):
        raise error
    try:
        async with asyncio.timeout(check.seconds):
            return await check.act(subject)
    except (CheckFailed, NotTried):
        raise
    except TimeoutError as error:
        raise CheckFailed(
            f"There was no response within {check.seconds:g} s: try again; if this persists, check "
            "the network."
        ) from error
    except Exception as error:  # a bug in one check must not hide the others
        # The error's own message may contain anything.
        text = f"The check failed because of a bug in this program ({type(error).__name__})."
        raise CheckFailed(text) from error
