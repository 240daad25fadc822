"""The doctor tries the watch as it works: its schedule, and its queries."""

from cmk_check.app import SystemClock
from cmk_check.core.enums import GapReason
from cmk_check.core.gap import Gap
from cmk_check.doctor.azure_checks import watch
from cmk_check.doctor.examined_app import DoctorSubject
from tests.fakes.changes import ScriptedChanges
from tests.fakes.world import MovableClock, sub

ON = {"CMK_WATCH_SCHEDULE": "0 1/2 * * * *"}


class _Patient(DoctorSubject):
    search: ScriptedChanges

    async def change_search(self) -> ScriptedChanges:
        return self.search


def _subject(environ: dict[str, str], search: ScriptedChanges) -> DoctorSubject:
    subject = _Patient.of(environ)
    subject.search = search
    return subject


async def test_it_says_what_has_changed() -> None:
    """A number that fits what one knows shows that the rights are enough."""
    search = ScriptedChanges(SystemClock())
    search.add(sub(1))

    ((mark, text),) = await watch(_subject(ON, search))

    assert mark == "ok"
    assert text.endswith("what has changed: 1 subscriptions in the last 15 min.")


async def test_p11_a_right_that_is_missing_is_named() -> None:
    """P11: whoever grants it needs the words."""
    search = ScriptedChanges(MovableClock())
    search.gap = Gap(GapReason.FORBIDDEN, detail="Grant it.")

    ((mark, text),) = await watch(_subject(ON, search))

    assert mark == "problem"
    assert text.endswith("what has changed: Grant it.")


async def test_a_schedule_that_the_host_refuses_is_a_problem() -> None:
    """No function of the app would start."""
    subject = _subject({"CMK_WATCH_SCHEDULE": "often"}, ScriptedChanges(MovableClock()))

    (mark, text), _ = await watch(subject)

    assert mark == "problem"
    assert text.startswith("CMK_WATCH_SCHEDULE must be an NCRONTAB expression")


async def test_without_a_watch_there_is_nothing_to_say() -> None:
    """Most laptops have none."""
    search = ScriptedChanges(MovableClock())

    assert await watch(_subject({}, search)) == []
    assert search.asked == []
