"""A name that is nearly a setting is refused; one that is none is reported, never by its value."""

import json
import logging
from collections.abc import Iterator

import pytest

from cmk_check.composition_root import get_app
from cmk_check.config.misspelt_settings import OF_DEPLOYMENT
from cmk_check.config.settings import Settings, misspelt_and_unknown, setting_warnings
from tests.unit.config.settings_kit import AZURITE, faults_of

FOREIGN = {"CMK_OWNER": "hush", "CMK_EXCLUDE": "hush"}


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        pytest.param("CMK_EXCLUDE_SUBSCRIPTION", "CMK_EXCLUDE_SUBSCRIPTIONS", id="one missing"),
        pytest.param("CMK_EXLCUDE_SUBSCRIPTIONS", "CMK_EXCLUDE_SUBSCRIPTIONS", id="swapped"),
        pytest.param("CMK_TAG", "CMK_TAGS", id="a short one"),
        pytest.param("Cmk_Kinds", "CMK_KINDS", id="another case"),
        pytest.param("CMK_SCAN_SHEDULE", "CMK_SCAN_SCHEDULE", id="of the host"),
        pytest.param("CMKKINDS", "CMK_KINDS", id="without an underscore"),
        pytest.param("CmkMaxInFlight", "CMK_MAX_IN_FLIGHT", id="without any underscore"),
        pytest.param("CMK_STORAGE__clientID", "CMK_STORAGE__clientId", id="of a connection"),
    ],
)
def test_a_misspelt_setting_is_a_fault_that_names_the_right_one(name: str, setting: str) -> None:
    """An exclude list that nobody reads lets the app read what it must not."""
    assert faults_of(AZURITE | {name: "hush"}) == {
        name: f"must be called {setting}; rename it, or remove it"
    }
    assert misspelt_and_unknown({name: "hush"})[1] == []


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("CMK_EXCLUDE", id="nearly none"),
        *sorted(OF_DEPLOYMENT),
        pytest.param("CMK_STORAGE__blobServiceUri", id="the host's alone"),
        pytest.param("CMK_STORAGE__tenantId", id="the host's alone, like another"),
        pytest.param("XCMK_TAGS", id="not ours"),
        pytest.param("CMKFONTS", id="like none of ours"),
    ],
)
def test_any_other_name_is_no_fault(name: str) -> None:
    """A shell holds what belongs to others, and an app what a later version reads."""
    assert Settings.load(AZURITE | {name: "hush"}) == Settings.load(AZURITE)
    assert Settings.load(AZURITE | {"CMK_TAG": " "}) == Settings.load(AZURITE)  # as if not set


def test_unknown_names_are_those_that_neither_program_nor_deployment_knows() -> None:
    """A warning about what belongs here teaches people to overlook warnings."""
    known = {str(field.alias) for field in Settings.model_fields.values()}
    of_others = {"CMK_SCAN_SCHEDULE", "CMK_API_KEY", "CMK_STORAGE__credential", "PATH"}
    of_others |= OF_DEPLOYMENT

    assert misspelt_and_unknown(dict.fromkeys(known | of_others, "x") | FOREIGN)[1] == sorted(
        FOREIGN
    )


@pytest.mark.parametrize(
    ("kinds", "cure"),
    [
        pytest.param("OpenAI,AIService", "AIServices instead of entry 2", id="one missing"),
        pytest.param("Opnai", "OpenAI instead of entry 1", id="a letter forgotten"),
        pytest.param("oepnai", "OpenAI instead of entry 1", id="two swapped"),
        pytest.param("AI-Services,OpenAI", "AIServices instead of entry 1", id="a hyphen"),
        pytest.param("Foundry,AzureOpenAI", "kinds like OpenAI,AIServices", id="none of several"),
    ],
)
def test_kinds_that_azure_hardly_has_are_a_fault_that_names_others(kinds: str, cure: str) -> None:
    """Its accounts would count as another kind, and an estate of violations as compliant (P1)."""
    assert f"; write {cure}" in faults_of(AZURITE | {"CMK_KINDS": kinds})["CMK_KINDS"]


@pytest.mark.parametrize("kinds", ["openai", "AISERVICES,qnamaker,QnAMaker.v2", "OpenAI,xOpenXX"])
def test_a_kind_in_any_case_and_one_like_none_are_no_faults(kinds: str) -> None:
    """Azure adds kinds."""
    assert Settings.load(AZURITE | {"CMK_KINDS": kinds}).kinds == tuple(kinds.split(","))


def test_a_kind_like_none_is_a_warning_that_does_not_repeat_it() -> None:
    """Nobody notices a kind that no account has; and a secret may be pasted anywhere."""
    warned = setting_warnings({"CMK_KINDS": "OpenAI,Foundry,hush", "CMK_OWNER": "hush"})

    assert list(warned) == ["CMK_OWNER", "CMK_KINDS"]
    assert "(entries 2, 3)" in warned["CMK_KINDS"]
    assert not any("hush" in text.lower() or "Foundry" in text for text in warned.values())
    assert setting_warnings({"CMK_KINDS": "openai,AISERVICES"}) == {}


def test_a_kind_that_no_key_can_protect_is_a_warning_whose_way_out_is_to_leave_it_out() -> None:
    """Its accounts violate the rule whatever anybody does."""
    warned = setting_warnings({"CMK_KINDS": "OpenAI,computervision,Foundry,knowledge,Face"})

    assert warned["CMK_KINDS"].startswith("names a kind of account that this program does not know")
    assert " It names ComputerVision, knowledge: Azure offers no " in warned["CMK_KINDS"]
    assert warned["CMK_KINDS"].endswith(" Leave these kinds out.")
    assert setting_warnings({"CMK_KINDS": "OpenAI,Face,ContentSafety,LUIS"}) == {}


LOGGED = {"event": "cmk.settings", "v": 1}


@pytest.fixture
def fresh_app() -> Iterator[None]:
    """Let the app of this process be built anew, and forgotten afterwards."""
    get_app.cache_clear()
    yield
    get_app.cache_clear()


@pytest.mark.usefixtures("fresh_app")
@pytest.mark.parametrize(
    ("given", "lines"),
    [(FOREIGN, [LOGGED | {"warnings": setting_warnings(FOREIGN)}]), ({"CMK_API_URL": "x"}, [])],
    ids=["names", "all known"],
)
def test_the_first_invocation_logs_once_what_is_unknown(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    given: dict[str, str],
    lines: list[object],
) -> None:
    """On Azure nobody reads a terminal; the log is where somebody may look."""
    for name, value in (AZURITE | given).items():
        monkeypatch.setenv(name, value)

    for _ in range(2):
        get_app()

    assert [json.loads(record.getMessage()) for record in caplog.records] == lines
    assert all(record.levelno == logging.WARNING for record in caplog.records)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("CMK_DUE_DAYS", "use CMK_EXCEPTION_MAX_DAYS or CMK_FIX_WITHIN_DAYS or CMK_RETENTION_DAYS"),
        ("CMK_SCHEDULE", "use CMK_DIGEST_SCHEDULE or CMK_SCAN_SCHEDULE or CMK_WATCH_SCHEDULE"),
        ("CMK_LOG_LEVEL", "is not a setting; see docs/reference/settings.md, or remove it."),
    ],
)
def test_an_unknown_name_is_answered_with_those_that_share_a_word(name: str, said: str) -> None:
    """Too far from each to be misspelt, and the documents are somewhere else."""
    assert said in setting_warnings({name: "x"})[name]
