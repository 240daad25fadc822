"""All checks, in the order in which they depend on each other."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Final

from cmk_check import limits
from cmk_check.doctor import (
    app_checks,
    azure_checks,
    data_store_check,
    estate_checks,
    exception_check,
    key_checks,
    storage_checks,
    watch_check,
)
from cmk_check.doctor.examined_app import DoctorSubject
from cmk_check.doctor.results import CheckResult
from cmk_check.doctor.runner import Check, examine

_ARM: Final = ("CMK_CLOUD", "CMK_ARM_URL")
_STORE: Final = ("CMK_STORAGE",)
_SCOPE: Final = (
    "CMK_INCLUDE_SUBSCRIPTIONS",
    "CMK_EXCLUDE_SUBSCRIPTIONS",
    "CMK_MANAGEMENT_GROUP",
)

CHECKS: Final[Sequence[Check[DoctorSubject]]] = (
    Check("settings", app_checks.settings),
    Check("schedule", app_checks.schedule, settings=("CMK_MAX_AGE_MINUTES",)),
    Check("cloud", azure_checks.cloud, settings=_ARM),
    Check("clock", azure_checks.clock, needs=("cloud",)),
    Check("credential", azure_checks.credential, settings=(*_ARM, "AZURE_CLIENT_ID")),
    Check(
        "subscriptions",
        estate_checks.subscriptions,
        needs=("cloud", "credential"),
        settings=_SCOPE,
        seconds=limits.DOCTOR_LIST_SECONDS,
    ),
    Check(
        "permissions",
        estate_checks.permissions,
        needs=("subscriptions",),
        seconds=limits.DOCTOR_READING_SECONDS + limits.DOCTOR_MARGIN_SECONDS,
    ),
    Check(
        "keys",
        key_checks.keys,
        needs=("permissions",),
        settings=("CMK_KEY_HEALTH",),
        seconds=limits.DOCTOR_SAMPLE_SECONDS + limits.DOCTOR_MARGIN_SECONDS,
    ),
    Check(
        "exceptions",
        exception_check.exceptions,
        needs=("permissions",),
        settings=("CMK_EXCEPTIONS",),
        seconds=limits.DOCTOR_SAMPLE_SECONDS + limits.DOCTOR_MARGIN_SECONDS,
    ),
    Check(
        "data stores",
        data_store_check.data_stores,
        needs=("permissions",),
        settings=("CMK_DATA_STORES",),
        seconds=limits.DOCTOR_SAMPLE_SECONDS + limits.DOCTOR_MARGIN_SECONDS,
    ),
    Check("watch", watch_check.watch, needs=("cloud", "credential")),
    Check("storage token", azure_checks.storage_credential, settings=_STORE),
    Check(
        "tables",
        storage_checks.tables,
        needs=("storage token",),
        settings=_STORE,
        seconds=limits.DOCTOR_STORAGE_SECONDS,
    ),
    Check(
        "queues",
        storage_checks.queues,
        needs=("storage token",),
        settings=_STORE,
        seconds=limits.DOCTOR_STORAGE_SECONDS,
    ),
    Check("scans", storage_checks.scans, needs=("tables",), settings=("CMK_MAX_AGE_MINUTES",)),
    Check("webhook", app_checks.webhook, settings=("CMK_WEBHOOK", "CMK_ROUTE")),
)


async def diagnose(environ: Mapping[str, str]) -> AsyncGenerator[CheckResult]:
    """Run all checks on the settings of an environment; yield lines as they are known."""
    subject = DoctorSubject.of(environ)
    try:
        async with aclosing(examine(CHECKS, subject, subject.unusable)) as lines:
            async for line in lines:
                yield line
    finally:
        await subject.close()
