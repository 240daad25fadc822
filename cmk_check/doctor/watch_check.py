"""The check of the watch for changes: its schedule, and whether Resource Graph answers it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from cmk_check.config.watch_schedule import WATCH_EXAMPLE, WATCH_SCHEDULE
from cmk_check.doctor.app_checks import pause_of
from cmk_check.doctor.examined_app import DoctorSubject
from cmk_check.doctor.results import Mark, MarkedText
from cmk_check.limits import DOCTOR_ARM_SECONDS, WATCH_OVERLAP

_MINUTE: Final = timedelta(minutes=1)


async def watch(subject: DoctorSubject) -> Sequence[MarkedText]:
    """Ask for recent changes, as the watch does."""
    settings = subject.settings
    if settings.watch_schedule is None:
        return []
    pause = pause_of(WATCH_SCHEDULE, settings.watch_schedule, WATCH_EXAMPLE)
    results = [] if isinstance(pause, timedelta) else [pause]
    search = await subject.change_search()
    since = subject.clock.now() - WATCH_OVERLAP
    found = await search.changes(since, vaults=settings.key_health, seconds=DOCTOR_ARM_SECONDS)
    if found.gap is not None:
        text = f"Azure Resource Graph does not tell what has changed: {found.gap.detail}"
        return [*results, (Mark.PROBLEM, text)]
    text = (
        f"Azure Resource Graph tells what has changed: {len(found.subscriptions)} subscriptions "
        f"in the last {WATCH_OVERLAP // _MINUTE} min."
    )
    return [*results, (Mark.OK, text)]
