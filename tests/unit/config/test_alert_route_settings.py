"""The routes: what is refused, that no tag silences an alert, that no value is repeated."""

import json
import re
from collections.abc import Mapping

import pytest

from cmk_check.config.settings import Settings, misspelt_and_unknown
from cmk_check.core.alert_routes import Route
from cmk_check.core.enums import ChangeType
from tests.unit.config.settings_kit import AZURITE, OTHER, SECRET, URL, faults_of

ONE = {"CMK_ROUTE_ONE_URL": URL}
TWO = ONE | {"CMK_ROUTE_TWO_URL": URL}


def _given(routes: object, variables: Mapping[str, str]) -> dict[str, str]:
    text = routes if isinstance(routes, str) else json.dumps(routes)
    return {**AZURITE, "CMK_ROUTES": text, **variables}


def _load(routes: object, variables: Mapping[str, str]) -> Settings:
    return Settings.load(_given(routes, variables))


def _faults(routes: object, **variables: str) -> dict[str, str]:
    return faults_of(_given(routes, variables))


def test_everything_can_be_set() -> None:
    """Each route has its own URL, secrets, format, types and owners."""
    entries = [
        {"name": "one"},
        {
            "name": "two",
            "format": "slack",
            "alertOn": ["account.violated", "cmkcheck.scan.failed"],
            "owners": ["Data \u00c4 <b>", None],
        },
    ]

    settings = _load(entries, TWO | {"CMK_ROUTE_TWO_SECRET": f"{SECRET},{OTHER}"})

    types = {"cmkcheck.account.violated", "cmkcheck.scan.failed"}
    owners = {"Data \u00c4 <b>", None}
    assert settings.routes == (
        Route("one", URL),
        Route("two", URL, "slack", (SECRET, OTHER), types, owners),
    )
    assert "hush" not in repr(settings)
    assert settings.routes[1].url_setting == "CMK_ROUTE_TWO_URL"


def test_the_webhook_is_the_one_route_of_its_name() -> None:
    """Whoever has one receiver changes nothing."""
    variables = {"CMK_WEBHOOK_URL": URL, "CMK_WEBHOOK_FORMAT": "teams"}
    settings = Settings.load(AZURITE | variables)

    assert settings.routes == (Route("webhook", URL, "teams"),)
    assert settings.routes[0].url_setting == "CMK_WEBHOOK_URL"
    assert Settings.load(AZURITE).routes == ()


@pytest.mark.parametrize(
    "route",
    [
        "hush",
        *({"format": "slack"}, {"name": "one", "url": "hush"}, {"name": "one", "format": "hush"}),
        *({"name": name} for name in ("Hush", "o" * 33, "one\n", "webhook")),
        *({"name": "one", "alertOn": types} for types in ("hush", [], [1], None)),
        *({"name": "one", "owners": owners} for owners in ([], "hush", [1], None)),
        *({"name": "one", "owners": [owner]} for owner in (" ", "a\x00", "\u00e4" * 129)),
    ],
    ids=range(19),
)
def test_a_route_that_is_not_understood_is_refused_with_what_it_must_be(route: object) -> None:
    """It would get nothing, and nobody would notice."""
    faults = _faults([{"name": "two"}, route], **ONE)

    assert faults.keys() == {"CMK_ROUTES"}
    assert faults["CMK_ROUTES"].startswith("must be a JSON list of routes, such as")
    assert faults["CMK_ROUTES"].endswith("; correct route 2")


@pytest.mark.parametrize(
    ("routes", "wrong"),
    [
        ("hush", "must be a JSON list"),
        ("[" * 100_000, "must be a JSON list"),
        ([], "must be a JSON list"),
        ([{"name": "one"}, {"name": "one"}], "must give each route a unique name"),
        ([{"name": f"r{number}"} for number in range(21)], "must have at most 20 routes; remove 1"),
        (
            [{"name": "one", "alertOn": ["hush"]}],
            r"must name types of changes; correct entry 1 .*\(alertOn in route 1\)",
        ),
    ],
    ids=range(6),
)
def test_any_other_list_is_refused(routes: object, wrong: str) -> None:
    """Likewise."""
    faults = _faults(routes, **ONE)

    assert faults.keys() == {"CMK_ROUTES"}
    assert re.match(wrong, faults["CMK_ROUTES"])


@pytest.mark.parametrize(
    ("routes", "missing"),
    [
        ([{"name": "one", "owners": ["a", None]}], set(ChangeType)),
        ([{"name": "one", "alertOn": ["scan.failed"]}], set(ChangeType) - {"cmkcheck.scan.failed"}),
        (
            [
                {"name": "one", "owners": ["a"]},
                {"name": "two", "alertOn": [*map(str, set(ChangeType) - {"cmkcheck.scan.failed"})]},
            ],
            {"cmkcheck.scan.failed"},
        ),
    ],
    ids=["only with owners", "only one type", "one type only with owners"],
)
def test_a_type_that_a_tag_could_silence_is_refused(routes: object, missing: set[str]) -> None:
    """Whoever can write a tag can choose a route, never that nobody is told."""
    fault = _faults(routes, CMK_ALERT_ON=",".join(ChangeType), **TWO)["CMK_ROUTES"]

    assert "must have a route without owners for every type of CMK_ALERT_ON" in fault
    listed = {f"cmkcheck.{kind}" for kind in fault.rpartition("add a route for ")[2].split(", ")}
    assert listed == missing


def test_a_type_that_is_not_posted_at_all_is_refused() -> None:
    """It would be waited for in vain."""
    routes = [{"name": "one"}, {"name": "two", "alertOn": ["account.updated", "scan.failed"]}]
    kinds = sorted(Settings.load(AZURITE).alert_on)
    shared = [{"name": "one", "alertOn": kinds[:3]}, {"name": "two", "alertOn": kinds[3:]}]

    assert len(_load(shared, TWO).routes) == 2  # what matters is that each type has a route
    fault = _faults(routes, **TWO)["CMK_ROUTES"]

    assert fault == (
        "must not name types in route 2 that CMK_ALERT_ON does not have; add account.updated to "
        "CMK_ALERT_ON or remove them from the route"
    )


def test_webhook_and_routes_exclude_each_other() -> None:
    """Which of them counts would be a guess."""
    fault = _faults([{"name": "one"}], CMK_WEBHOOK_URL=URL, **ONE)["CMK_ROUTES"]

    assert "must not be set together with CMK_WEBHOOK_URL" in fault


def test_the_faults_of_all_variables_are_named_at_once() -> None:
    """Whoever mends them should have to do it once."""
    routes = [{"name": name} for name in ("one", "two", "three")]
    variables = {
        "CMK_ROUTE_ONE_URL": "https://169.254.169.254/hush",
        "CMK_ROUTE_TWO_URL": URL,
        "CMK_ROUTE_TWO_SECRET": "whsec_hush",
        "CMK_ALERT_ON": "hush",
    }

    faults = _faults(routes, **variables)

    assert list(faults) == [
        "CMK_ROUTE_ONE_URL",
        "CMK_ROUTE_TWO_SECRET",
        "CMK_ROUTE_THREE_URL",
        "CMK_ALERT_ON",
    ]
    assert faults["CMK_ROUTE_THREE_URL"].startswith("must be set; write the https URL")


@pytest.mark.parametrize(
    "name",
    [
        "CMK_ROUTE_ONE_SECRTE",
        "CMK_ROUTE_ONE_FORMAT",
        "CMK_ROUTE_one_SECRET",
        "cmk_route_one_secret",
    ],
)
def test_a_variable_of_no_route_is_a_fault(name: str) -> None:
    """A secret that nobody reads leaves alerts unsigned."""
    faults = _faults([{"name": "one"}], **ONE, **{name: SECRET})

    assert faults.keys() == {name}
    assert faults[name].startswith("belongs to no route")
    assert misspelt_and_unknown({name: SECRET})[1] == []
    # Whoever sets a URL, but no list of routes, waits for alerts.
    assert faults_of(AZURITE | ONE)["CMK_ROUTE_ONE_URL"].startswith("belongs to no route")


def test_a_name_that_is_nearly_one_of_a_route_is_misspelt() -> None:
    """As for every other setting."""
    faults = _faults([{"name": "one"}], **ONE, CMK_RUOTE_ONE_SECRET=SECRET, CMK_ROUTE="[]")

    assert faults == {
        "CMK_ROUTE": "must be called CMK_ROUTES; rename it, or remove it",
        "CMK_RUOTE_ONE_SECRET": "must be called CMK_ROUTE_ONE_SECRET; rename it, or remove it",
    }
