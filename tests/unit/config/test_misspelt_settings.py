"""A name that is nearly a setting is refused; one that is none is reported, never by its value."""

import json
import logging
from collections.abc import Iterator

import pytest

from cmk_check.app import the_app
from cmk_check.config.misspelt_settings import OF_DEPLOYMENT
from cmk_check.config.settings import Settings, unknown_settings
from cmk_check.errors import SettingsError

AZURITE = {"CMK_STORAGE": "UseDevelopmentStorage=true"}
FOREIGN = {"CMK_OWNER": "hush", "CMK_EXCLUDE": "hush"}


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        pytest.param("CMK_EXCLUDE_SUBSCRIPTION", "CMK_EXCLUDE_SUBSCRIPTIONS", id="one missing"),
        pytest.param("CMK_EXCLUDED_SUBSCRIPTION", "CMK_EXCLUDE_SUBSCRIPTIONS", id="and one more"),
        pytest.param("CMK_EXLCUDE_SUBSCRIPTIONS", "CMK_EXCLUDE_SUBSCRIPTIONS", id="swapped"),
        pytest.param("CMK_TAG", "CMK_TAGS", id="a short one"),
        pytest.param("Cmk_Kinds", "CMK_KINDS", id="another case"),
        pytest.param("CMK_SCAN_SHEDULE", "CMK_SCAN_SCHEDULE", id="of the host"),
        pytest.param("CMK_STORAGE__clientID", "CMK_STORAGE__clientId", id="of a connection"),
    ],
)
def test_a_misspelt_setting_is_a_fault_that_names_the_right_one(name: str, setting: str) -> None:
    """An exclude list that nobody reads lets the app read what it must not."""
    with pytest.raises(SettingsError) as raised:
        Settings.load(AZURITE | {name: "hush"})

    assert raised.value.faults == ((name, f"must be called {setting}; rename it, or remove it"),)
    assert unknown_settings({name: "hush"}) == []


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("CMK_EXCLUDE", id="nearly none"),
        *sorted(OF_DEPLOYMENT),
        pytest.param("CMK_STORAGE__blobServiceUri", id="the host's alone"),
        pytest.param("CMK_STORAGE__tenantId", id="the host's alone, like another"),
        pytest.param("XCMK_TAGS", id="not ours"),
    ],
)
def test_any_other_name_is_no_fault(name: str) -> None:
    """A shell holds what belongs to others, and an app what a later version reads."""
    assert Settings.load(AZURITE | {name: "hush"}) == Settings.load(AZURITE)


def test_an_empty_value_of_a_misspelt_setting_is_none() -> None:
    """As it is of a setting."""
    assert Settings.load({**AZURITE, "CMK_TAG": " "}) == Settings.load(AZURITE)


def test_unknown_names_are_those_that_neither_program_nor_deployment_knows() -> None:
    """A warning about what belongs here teaches people to overlook warnings."""
    known = {str(field.alias) for field in Settings.model_fields.values()}
    of_others = {"CMK_SCAN_SCHEDULE", "CMK_API_KEY", "CMK_STORAGE__credential", "PATH"}
    of_others |= OF_DEPLOYMENT

    assert unknown_settings(dict.fromkeys(known | of_others, "x") | FOREIGN) == sorted(FOREIGN)


@pytest.fixture
def fresh_app() -> Iterator[None]:
    """Let the app of this process be built anew, and forgotten afterwards."""
    the_app.cache_clear()
    yield
    the_app.cache_clear()


@pytest.mark.usefixtures("fresh_app")
def test_the_first_invocation_logs_unknown_names_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """On Azure nobody reads a terminal; the log is where somebody may look."""
    for name, value in (AZURITE | FOREIGN).items():
        monkeypatch.setenv(name, value)

    for _ in range(2):
        the_app()

    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert json.loads(record.getMessage()) == {
        "event": "cmk.settings",
        "v": 1,
        "unknown": ["CMK_EXCLUDE", "CMK_OWNER"],
    }


@pytest.mark.usefixtures("fresh_app")
def test_nothing_is_logged_where_all_names_are_known(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A line at each start would be noise."""
    for name, value in (AZURITE | {"CMK_API_URL": "x"}).items():
        monkeypatch.setenv(name, value)

    the_app()

    assert caplog.messages == []
