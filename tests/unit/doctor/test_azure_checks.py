"""What the doctor says of the clock, and of whom a token was given to."""

import base64
import json
from datetime import timedelta

import jwt
import pytest

from cmk_check.doctor import azure_checks
from cmk_check.doctor.examined_app import DoctorSubject
from cmk_check.doctor.token_claims import Bearer
from tests.unit.doctor.subjects import told

TENANT, PERSON, TOOL = (f"{number:08d}-0000-4000-8000-000000000000" for number in (1, 2, 3))
CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"


@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        (0, ("ok", "This clock differs from Azure's by 0 s; 120 s are allowed.")),
        (-120, ("ok", "This clock differs from Azure's by 120 s; 120 s are allowed.")),
        (
            121,
            (
                "problem",
                (
                    "This clock is 121 s ahead of Azure's, and 120 s are allowed: synchronise it "
                    "by NTP, because tokens and the age of results depend on it."
                ),
            ),
        ),
        (
            -3600,
            (
                "problem",
                (
                    "This clock is 3600 s behind Azure's, and 120 s are allowed: synchronise it by "
                    "NTP, because tokens and the age of results depend on it."
                ),
            ),
        ),
    ],
)
async def test_the_clock_is_compared(ahead: int, said: tuple[str, str]) -> None:
    """A scan of the future makes every answer unknown."""
    subject = DoctorSubject.of({})
    subject.ahead = timedelta(seconds=ahead)

    assert await told(azure_checks.clock, subject) == [said]


async def test_an_answer_without_a_time_leaves_the_clock_untried() -> None:
    """Unknown is not well."""
    assert await told(azure_checks.clock, DoctorSubject.of({})) == [
        ("skipped", "Azure's answer did not contain the time.")
    ]


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
            "it does not say whose",
            id="nothing that is no id is repeated",
        ),
        pytest.param([], "it does not say whose", id="no object"),
    ],
)
def test_a_token_names_whom_it_was_given_to(claims: object, said: str) -> None:
    """Which tenant and which identity is what a role has to be assigned to."""
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()

    assert str(Bearer.of(f"e30.{body}.x")) == said


@pytest.mark.parametrize(
    "token", ["", "opaque", "a.b.c", "a.\u00e9.c", "a." + "W" * 40_000, "a.e30"]
)
def test_a_token_that_cannot_be_read_is_no_trouble(token: str) -> None:
    """Its form is nobody's business but Azure's."""
    assert str(Bearer.of(token)) == "it does not say whose"


def test_a_token_of_another_library_is_read() -> None:
    """The encoding is the standard's, not one of our own."""
    token = jwt.encode({"tid": TENANT}, key="", algorithm="none")

    assert str(Bearer.of(token)) == f"tenant {TENANT}"
