"""What came of reading a sample, for a check that tries an action on several things."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cmk_check.core.unread import Unread
from cmk_check.doctor.examined_app import DoctorSubject
from cmk_check.doctor.results import Mark, MarkedText, listed

if TYPE_CHECKING:
    from cmk_check.core.gap import Gap


async def came_of(
    subject: DoctorSubject, action: str, kind: str, what: str, found: Mapping[str, object]
) -> list[MarkedText]:
    """Say what came of reading these with an action, by their ids; ``kind`` is their type."""
    if not found:
        return [(Mark.SKIPPED, f"{action} was not tried, because no {what} were found.")]
    gaps: dict[Gap, list[str]] = {}
    for name, it in found.items():
        if isinstance(it, Unread):
            gaps.setdefault(it.gap, []).append(name)
    read = len(found) - sum(map(len, gaps.values()))
    results: list[MarkedText] = []
    if read:
        version = await subject.api_version(kind)
        text = f"{action} works for {read} of {len(found)} {what} (api-version {version})."
        results.append((Mark.OK, text))
    results += [
        (Mark.PROBLEM, f"{gap.reason} for {listed(names)}: {gap.detail}")
        for gap, names in gaps.items()
    ]
    return results
