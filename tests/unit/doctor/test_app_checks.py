"""What the doctor says of settings, schedule and webhook, also of those of a deployed app."""

import json
from datetime import timedelta

import pytest

from cmk_check.doctor import app_checks
from cmk_check.doctor.examined_app import DoctorSubject, laid_over
from tests.unit.doctor.subjects import AZURITE, told


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        pytest.param({}, [("ok", "None set; defaults are used.")], id="a bare laptop"),
        pytest.param(
            AZURITE | {"CMK_KINDS": "OpenAI"}, [("ok", "2 set, all valid.")], id="all valid"
        ),
        pytest.param(
            {"CMK_KINDS": "Opnai,Foundry"},
            [("problem", "CMK_KINDS must name kinds that Azure has; write OpenAI instead of ")],
            id="a faulty list of kinds, of which nothing else is said",
        ),
        pytest.param(
            {"CMK_EXCLUDE": "x", "CMK_API_URL": "x"},
            [("warning", "CMK_EXCLUDE is not a setting; use CMK_EXCLUDE_SUBSCRIPTIONS if ")],
            id="a name that says nothing to the app, and one of the deployment",
        ),
        pytest.param(
            {"CMK_CLOUD": "moon", "CMK_MAX_IN_FLIGHT": "0", "CMK_WEBHOOK_URL": "ftp://hush"},
            [
                ("problem", "CMK_WEBHOOK_URL must be the URL of a receiver; write https://"),
                ("problem", "CMK_CLOUD must be one of public, usgov, china; set one of them"),
                ("problem", "CMK_MAX_IN_FLIGHT must be a whole number from 1 to 100; correct"),
            ],
            id="every fault at once, and no value",
        ),
    ],
)
async def test_settings_are_all_looked_at(
    environ: dict[str, str], said: list[tuple[str, str]]
) -> None:
    """One round of mending is enough."""
    found = await told(app_checks.settings, DoctorSubject.of(environ))

    assert [mark for mark, _ in found] == [mark for mark, _ in said]
    assert all(text.startswith(start) for (_, text), (_, start) in zip(found, said, strict=True))


@pytest.mark.parametrize(
    "environ",
    [
        pytest.param({"WEBSITE_HOSTNAME": "app.azurewebsites.net"}, id="none on Azure"),
        pytest.param({"CMK_STORAGE": "AccountKey=hush"}, id="an account key"),
        pytest.param({"CMK_STORAGE__queueServiceUri": "https://a.test"}, id="half of it"),
        pytest.param(AZURITE | {"CMK_STORAGE__clientId": "x"}, id="two kinds"),
    ],
)
async def test_a_faulty_storage_leaves_the_rest_to_be_tried(environ: dict[str, str]) -> None:
    """What stands in for it is never tried, and its value is never repeated."""
    subject = DoctorSubject.of(environ | {"CMK_MAX_IN_FLIGHT": "7"})

    said = await told(app_checks.settings, subject)

    assert subject.settings.max_in_flight == 7
    assert {name.partition("__")[0] for name, _ in subject.faults} == {"CMK_STORAGE"}
    assert {mark for mark, _ in said} == {"problem"}
    assert "hush" not in str(said)


def test_what_a_misspelt_name_was_to_set_is_not_tried() -> None:
    """Else the estate would be read without the exclude list, and another cloud be asked."""
    subject = DoctorSubject.of(
        {"CMK_EXCLUDED_SUBSCRIPTIONS": "x", "CMK_CLUOD": "china", "CMK_TAGS": "a,"}
    )

    assert subject.unusable == ["CMK_CLOUD", "CMK_EXCLUDE_SUBSCRIPTIONS"]


async def test_a_secret_whose_url_is_faulty_is_no_fault_of_its_own() -> None:
    """Only what has to be mended is named."""
    secret = "whsec_" + "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
    subject = DoctorSubject.of({"CMK_WEBHOOK_URL": "ftp://hush", "CMK_WEBHOOK_SECRET": secret})

    assert [name for name, _ in subject.faults] == ["CMK_WEBHOOK_URL"]
    assert subject.settings.webhook_url is None


ON_AZURE = AZURITE | {"WEBSITE_HOSTNAME": "app.azurewebsites.net"}
ENTRA = {"CMK_HTTP_AUTH": "entra"}
EASY_AUTH = {"WEBSITE_AUTH_ENABLED": "True"}


@pytest.mark.parametrize(
    ("environ", "mark", "start"),
    [
        (AZURITE | ENTRA, "warning", "CMK_HTTP_AUTH is entra: the app admits callers only while"),
        (AZURITE | EASY_AUTH, "problem", "WEBSITE_AUTH_ENABLED must be removed from the settings"),
        (
            AZURITE | ENTRA | {"WEBSITE_AUTH_ENABLED": "False"},
            "problem",
            "WEBSITE_AUTH_ENABLED must be removed from the settings",
        ),
        (ON_AZURE | ENTRA, "problem", "CMK_HTTP_AUTH is entra, but the platform does not"),
        (ON_AZURE | ENTRA | EASY_AUTH, "ok", "2 set, all valid"),
        (ON_AZURE | EASY_AUTH, "ok", "1 set, all valid"),
    ],
    ids=range(6),
)
async def test_the_sign_in_rests_on_what_the_platform_alone_may_set(
    environ: dict[str, str], mark: str, start: str
) -> None:
    """As an app setting it would admit anybody whose request claims a sign-in."""
    ((marked, text),) = await told(app_checks.settings, DoctorSubject.of(environ))

    assert (marked, text.startswith(start)) == (mark, True), text


FRESH = "and results stay fresh for 180 min"
SELDOM = "raise CMK_MAX_AGE_MINUTES above that interval plus the duration of a scan"
OUTRUN = "scan after 52 min, as if the timer had stopped, and the posture becomes unknown after 70"


@pytest.mark.parametrize(
    ("schedule", "fresh", "mark", "said"),
    [
        (
            "0 0 * * * *",
            180,
            "ok",
            "start at most 60 min apart, and results stay fresh for 180 min.",
        ),
        ("0 0 3 * * *", 180, "warning", f"at most 1440 min apart, {FRESH}: {SELDOM}"),
        ("0 0 * * * *", 60, "warning", "raise CMK_MAX_AGE_MINUTES above that interval"),
        ("0 0 * * * *", 70, "warning", OUTRUN),
        ("0 */9 * * * *", 12, "warning", "the second clock starts a scan after 9 min"),
        ("", 180, "problem", "CMK_SCAN_SCHEDULE must be set: write 0 0 * * * * for every hour"),
    ],
    ids=["hourly", "too seldom", "as long", "outrun", "as outrun", "none"],
)
async def test_the_schedule_is_read_as_the_host_does(
    schedule: str, fresh: int, mark: str, said: str
) -> None:
    """The host leaves a timer out that it cannot read, and says so in its log alone."""
    given = {"CMK_SCAN_SCHEDULE": schedule, "CMK_MAX_AGE_MINUTES": str(fresh)}

    ((marked, text),) = await told(app_checks.schedule, DoctorSubject.of(AZURITE | given))

    assert (marked, said in text) == (mark, True), text


async def test_what_only_the_app_needs_is_no_trouble_on_a_laptop() -> None:
    """A scan in memory has no timer and no webhook."""
    subject = DoctorSubject.of({})

    assert await told(app_checks.schedule, subject) == [
        ("skipped", "CMK_SCAN_SCHEDULE is not set; only the deployed app needs it.")
    ]
    assert await told(app_checks.webhook, subject) == [
        ("skipped", "CMK_WEBHOOK_URL is not set, so no alerts are posted.")
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, []),
        ({"CMK_ACTION_GROUP": "receivers"}, []),
        ({"CMK_ACTION_GROUP": "no_receivers"}, ["nobody is told of a violation."]),
        (
            {"CMK_ACTION_GROUP": "No_Receivers", "CMK_WEBHOOK_URL": "https://hooks.test/hush"},
            ["and deploy the template again."],
        ),
    ],
    ids=["not deployed by the template", "receivers", "none", "none but a webhook"],
)
async def test_an_action_group_without_a_receiver_is_named(
    given: dict[str, str], said: list[str]
) -> None:
    """The default deployment has one: every rule fires, and no mail is sent."""
    found = await told(app_checks.action_group, DoctorSubject.of(AZURITE | given))

    assert [mark for mark, _ in found] == ["warning"] * len(said)
    assert all(text.endswith(end) for (_, text), end in zip(found, said, strict=True))


OWN = dict.fromkeys(("CMK_CLOUD", "AZURE_CLIENT_ID", "WEBSITE_AUTH_ENABLED"), "mine")
LAPTOP = {"PATH": "/bin", **OWN}
LISTED = [
    {"name": "CMK_SCAN_SCHEDULE", "slotSetting": False, "value": "0 0 * * * *"},
    {"name": "CMK_KINDS", "slotSetting": False, "value": None},
    {"name": "CmkTags", "slotSetting": False, "value": "owner"},
    {"name": "PATH", "slotSetting": False, "value": "/elsewhere"},
    {"name": "WEBSITE_AUTH_ENABLED", "slotSetting": False, "value": "True"},
    {"name": "AZURE_CLIENT_ID", "slotSetting": False, "value": " the-apps "},
]


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(LISTED, id="the az command's list"),
        pytest.param(
            {"IsEncrypted": False, "Values": {each["name"]: each["value"] for each in LISTED}},
            id="local.settings.json",
        ),
    ],
)
def test_the_apps_settings_take_the_place_of_ones_own(document: object) -> None:
    """None of the laptop's may be taken for one of the app's; its PATH finds the az command."""
    assert laid_over(LAPTOP, json.dumps(document)) == {
        "PATH": "/bin",
        "CMK_SCAN_SCHEDULE": "0 0 * * * *",
        "CmkTags": "owner",
        "AZURE_CLIENT_ID": "the-apps",
        "WEBSITE_AUTH_ENABLED": "True",
    }


@pytest.mark.parametrize("text", ["", "hush", "7", "[1]", "{}", '{"Values": 1}', '[{"name": "x"}]'])
def test_what_is_no_list_of_settings_is_refused(text: str) -> None:
    """Taken for an empty list it would look like an app that lacks everything."""
    with pytest.raises(ValueError, match="must be") as raised:
        laid_over(LAPTOP, text)

    assert "hush" not in str(raised.value)


@pytest.mark.parametrize("name", ["CMK_WEBHOOK_URL", "CMK_WEBHOOK_SECRET", "AZURE_CLIENT_ID"])
async def test_a_secret_in_a_vault_is_no_fault(name: str) -> None:
    """The deployment keeps both there; only the platform can read them."""
    given = {
        "CMK_WEBHOOK_URL": "https://hooks.test/hush",
        "CMK_WEBHOOK_SECRET": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz",
        name: "@Microsoft.KeyVault(SecretUri=https://kv.vault.azure.net/secrets/hush)",
    }

    subject = DoctorSubject.of(AZURITE | given)

    assert subject.faults == ()
    ((mark, text),) = await told(app_checks.settings, subject)
    assert mark == "warning"
    assert text.startswith(f"{name} is a Key Vault reference, which only the platform can resolve")
    assert "hush" not in text


@pytest.mark.parametrize(("more", "faults"), [({}, []), ({"owners": ["a"]}, ["CMK_ROUTES"])])
async def test_routes_are_checked_though_their_urls_are_in_a_vault(
    more: dict[str, object], faults: list[str]
) -> None:
    """Routes that could silence an alert keep the app from starting: better known before."""
    reference = "@Microsoft.KeyVault(SecretUri=https://kv.vault.azure.net/secrets/hush)"
    given = {
        "CMK_ROUTES": json.dumps([{"name": "one", **more}]),
        "CMK_ROUTE_ONE_URL": reference,
        "CMK_ROUTE_ONE_SECRET": reference,
        "CMK_MAX_AGE_MINUTES": "60",
    }

    subject = DoctorSubject.of(AZURITE | given)

    assert [name for name, _ in subject.faults] == faults
    assert subject.settings.max_age == timedelta(hours=1)
    assert {"CMK_ROUTE_ONE_URL", "CMK_ROUTE_ONE_SECRET"} <= set(subject.unusable)
