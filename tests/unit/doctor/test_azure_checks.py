"""What the doctor says of the clock, of whom a token was given to, and of the watch."""

import base64
import json
from datetime import timedelta
from typing import override

import jwt
import pytest
from azure.core.credentials import AccessTokenInfo, TokenRequestOptions

from cmk_check.composition_root import SystemClock
from cmk_check.core.cross_check import KnownAccount
from cmk_check.core.enums import GapReason
from cmk_check.core.gap import Gap
from cmk_check.doctor import azure_checks
from cmk_check.doctor.azure_checks import watch
from cmk_check.doctor.examined_app import DoctorSubject
from cmk_check.inventory.token_claims import describe_ids, find_identity
from tests.fakes.changes import ScriptedChanges
from tests.fakes.world import MovableClock, good, sub
from tests.unit.doctor.subjects import ScriptedPatient, subscription, told
from tests.unit.inventory.fake_transport import FakeCredential

TENANT, PERSON, TOOL = (f"{number:07d}a-0000-4000-8000-000000000000" for number in (1, 2, 3))
CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
CURE = (
    "Azure's, and 120 s are allowed: synchronise it with NTP, because tokens and the age of "
    "results depend on it."
)
ON = {"CMK_WATCH_SCHEDULE": "0 1/2 * * * *"}


@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        (None, ("skipped", "Azure's response did not contain the time.")),
        (0, ("ok", "This clock differs from Azure's by 0 s; 120 s are allowed.")),
        (-120, ("ok", "This clock differs from Azure's by 120 s; 120 s are allowed.")),
        (121, ("problem", f"This clock is 121 s ahead of {CURE}")),
        (-3600, ("problem", f"This clock is 3600 s behind {CURE}")),
    ],
)
async def test_the_clock_is_compared(ahead: int | None, said: tuple[str, str]) -> None:
    """A scan of the future makes every answer unknown."""
    subject = DoctorSubject.of({})
    if ahead is not None:
        subject.ahead = timedelta(seconds=ahead)

    assert await told(azure_checks.clock, subject) == [said]


async def test_an_azure_that_is_not_there_says_why() -> None:
    """A wrong address and a closed network look alike until somebody says which it is."""
    subject = DoctorSubject.of({"CMK_ARM_URL": "https://127.0.0.1:1"})

    ((mark, text),) = await told(azure_checks.cloud, subject)

    assert mark == "problem"
    assert text.startswith("https://127.0.0.1:1 cannot be reached. Check the connection")


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        pytest.param(
            {"tid": TENANT, "oid": PERSON, "appid": CLI, "upn": "hush@contoso.test"},
            f"tenant {TENANT}, object id {PERSON}, application {CLI} (the Azure CLI)",
            id="a person at a laptop, by id and not by name",
        ),
        pytest.param(
            {"tid": TENANT.upper(), "azp": TOOL},
            f"tenant {TENANT}, application {TOOL}",
            id="version 2",
        ),
        pytest.param(
            {"tid": "<script>", "oid": 7, "appid": None},
            "it names no identity",
            id="nothing that is no id is repeated",
        ),
        pytest.param([], "it names no identity", id="no object"),
    ],
)
def test_a_token_names_whom_it_was_given_to(claims: object, said: str) -> None:
    """Which tenant and which identity is what a role has to be assigned to."""
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()

    assert describe_ids(f"e30.{body}.x") == said
    if isinstance(claims, dict):  # the encoding is the standard's, not one of our own
        assert describe_ids(jwt.encode(claims, key="", algorithm="none")) == said


@pytest.mark.parametrize(
    ("claims", "who"),
    [
        ({"tid": TENANT, "appid": CLI, "upn": "ann@contoso.test"}, "ann@contoso.test"),
        ({"tid": TENANT, "azp": CLI, "preferred_username": "a\x1b[2J"}, "a\\x1b[2J"),
        ({"tid": TENANT, "appid": CLI, "upn": 7}, f"application {CLI}"),
    ],
)
def test_who_signed_in_is_named_at_the_terminal(claims: dict[str, object], who: str) -> None:
    """It is the person's own terminal, and a wrong tenant is noticed by its name or id."""
    token = jwt.encode(claims, key="", algorithm="none")

    assert find_identity(token) == f"{who} in tenant {TENANT} (the Azure CLI)"


@pytest.mark.parametrize(
    "token", ["", "opaque", "a.b.c", "a.\u00e9.c", "a." + "W" * 40_000, "a.e30"]
)
def test_a_token_that_cannot_be_read_is_no_trouble(token: str) -> None:
    """Its form is nobody's business but Azure's."""
    assert describe_ids(token) == "it names no identity"
    assert find_identity(token) is None


@pytest.mark.parametrize(("seconds", "mark"), [(59, "problem"), (60, "ok")])
async def test_a_token_that_is_about_to_expire_shows_a_wrong_clock(
    seconds: int, mark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Azure's are valid for an hour or more; a scan with this one would soon be refused."""
    clock = MovableClock()

    class Expiring(FakeCredential):
        @override
        async def get_token_info(
            self, *_: str, options: TokenRequestOptions | None = None
        ) -> AccessTokenInfo:
            return AccessTokenInfo("token", int(clock.now().timestamp()) + seconds)

    monkeypatch.setattr(azure_checks, "open_credential", lambda *_: Expiring())
    subject = DoctorSubject.of({})
    monkeypatch.setattr(subject, "clock", clock)

    ((said, text), *_) = await azure_checks.credential(subject)

    assert said == mark
    assert ("It has already expired" in text) is (mark == "problem")


def _subject(environ: dict[str, str], search: ScriptedChanges) -> ScriptedPatient:
    subject = ScriptedPatient.over(environ=environ)
    subject.search = search
    return subject


@pytest.mark.parametrize(
    ("changed", "created", "mark", "said"),
    [
        (5, None, "ok", "lists changes of the last 13 days."),
        (None, 5, "problem", "although 1 accounts are newer. The watch finds nothing: grant"),
        (None, 20, "warning", "nothing has changed, or the identity lacks Microsoft.Resources/ch"),
    ],
    ids=["seen before", "denied", "nobody can tell"],
)
async def test_an_empty_list_of_changes_is_not_taken_for_a_right(
    changed: int | None, created: int | None, mark: str, said: str
) -> None:
    """P11: without the right Azure lists nothing, which looks like an estate that is quiet."""
    clock = MovableClock(SystemClock().now() - timedelta(days=changed or 0))
    search = ScriptedChanges(clock)
    if changed:
        search.add(sub(1))
    clock.time = SystemClock().now()
    subject = _subject(ON, search)
    subject.listed = (subscription(1),)
    age = timedelta(days=created or 0)
    subject.known = [KnownAccount(good(sub(1)).id, SystemClock().now() - age)] if created else []

    ((marked, text),) = await watch(subject)

    assert await watch(_subject({}, search)) == []  # most laptops have no watch
    assert (marked, said in text) == (mark, True), text
    assert subject.sees_changes is {"ok": True, "problem": False, "warning": None}[mark]
    search.gap = Gap(GapReason.FORBIDDEN, detail="Grant it.")
    ((marked, text),) = await watch(_subject(ON, search))
    assert (marked, text.endswith("does not list changes: Grant it.")) == ("problem", True)
