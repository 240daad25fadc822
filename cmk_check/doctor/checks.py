"""All checks, in the order in which a set-up comes to life."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Final

from cmk_check.doctor import azure, estate, keys, site, storage
from cmk_check.doctor.lines import Line
from cmk_check.doctor.patient import Patient
from cmk_check.doctor.run import Check, examine

_ARM: Final = ("CMK_CLOUD", "CMK_ARM_URL")
_STORE: Final = ("CMK_STORAGE",)
_SCOPE: Final = ("CMK_INCLUDE_SUBSCRIPTIONS", "CMK_EXCLUDE_SUBSCRIPTIONS")

CHECKS: Final[Sequence[Check[Patient]]] = (
    Check("settings", site.settings),
    Check("schedule", site.schedule, settings=("CMK_MAX_AGE_MINUTES",)),
    Check("cloud", azure.cloud, settings=_ARM),
    Check("clock", azure.clock, needs=("cloud",)),
    Check("credential", azure.credential, settings=(*_ARM, "AZURE_CLIENT_ID")),
    Check(
        "subscriptions",
        estate.subscriptions,
        needs=("cloud", "credential"),
        settings=_SCOPE,
        # The list itself may take CMK_SUBSCRIPTION_TIMEOUT_SECONDS, which are 240 at most.
        seconds=250,
    ),
    Check(
        "permissions",
        estate.permissions,
        needs=("subscriptions",),
        seconds=Patient.reading_seconds + 30,
    ),
    Check(
        "keys",
        keys.keys,
        needs=("permissions",),
        settings=("CMK_KEY_HEALTH",),
        seconds=keys.SECONDS + 30,
    ),
    Check("storage token", azure.storage_credential, settings=_STORE),
    # Each of a few requests has half a minute.
    Check("tables", storage.tables, needs=("storage token",), settings=_STORE, seconds=120),
    Check("queues", storage.queues, needs=("storage token",), settings=_STORE, seconds=120),
    Check("scans", storage.scans, needs=("tables",), settings=("CMK_MAX_AGE_MINUTES",)),
    Check("webhook", site.webhook, settings=("CMK_WEBHOOK",)),
)


async def diagnose(environ: Mapping[str, str]) -> AsyncGenerator[Line]:
    """Try all that an environment describes, and yield lines as they are known."""
    patient = Patient.of(environ)
    faulty = [*patient.references, *(name for name, _ in patient.faults)]
    try:
        async with aclosing(examine(CHECKS, patient, faulty)) as lines:
            async for line in lines:
                yield line
    finally:
        await patient.close()
