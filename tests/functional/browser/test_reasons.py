"""What reasons mean, as the page says it: from the catalogue of the API, which may be away."""

from typing import Any

import pytest
from playwright.sync_api import expect

from cmk_check.core.enums import GapReason
from cmk_check.core.reasons.catalogue import GAP_REASONS
from tests.functional.browser.conftest import OpenVisit, World
from tests.functional.browser.page_visit import Visit

pytestmark = pytest.mark.long

OWN = "The time of its slice was up. Lower CMK_SLICE_SIZE."
TIMEOUT = GAP_REASONS[GapReason.TIMEOUT]


def _with_gaps(visit: Visit, world: World, *details: str | None) -> None:
    gap: dict[str, Any] = {"name": None, "reason": "timeout", "missingAction": None, "since": None}
    gaps = [
        gap | {"subscriptionId": f"0-{number}", "detail": detail}
        for number, detail in enumerate(details)
    ]
    status = world.scene.get("v1/status").body | {"gaps": gaps, "gapsOmitted": 0}
    visit.page.route("**/api/v1/status", lambda route: route.fulfill(json=status))


@pytest.mark.parametrize(
    ("details", "said"),
    [
        ([OWN], OWN),
        ([None], TIMEOUT.way_out),
        ([OWN, None], "Each of them says what is wrong and what to do."),
    ],
    ids=["its own", "the catalogue's", "different ones"],
)
def test_the_advice_on_gaps_is_what_the_gaps_say(
    open_visit: OpenVisit, world: World, details: list[str | None], said: str
) -> None:
    """P11: advice that contradicts the gap sends people to a setting that cannot help."""
    visit = open_visit()
    _with_gaps(visit, world, *details)

    visit.sign_in()

    advice = (
        visit.region("What to do next").get_by_role("listitem").filter(has_text="Let the app read")
    )
    expect(advice).to_contain_text(said)
    heads = visit.region("What to do next").get_by_role("heading", level=3)
    expect(heads.filter(has_text="Those who run this app")).to_be_visible()
    expect(visit.region("Coverage gaps")).to_contain_text(details[0] or TIMEOUT.message)


def test_without_the_catalogue_the_page_shows_codes(open_visit: OpenVisit, world: World) -> None:
    """An explanation that is away is no reason to hide what is known."""
    visit = open_visit(trouble=True)
    _with_gaps(visit, world, None)
    visit.page.route("**/api/v1/reasons", lambda route: route.abort())

    visit.sign_in()

    expect(visit.posture).to_have_text("Not compliant")
    expect(visit.region("Coverage gaps")).to_contain_text("Timeout")
    expect(visit.region("What to do next")).to_contain_text("Not known who acts")
