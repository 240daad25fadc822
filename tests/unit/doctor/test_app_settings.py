"""The settings of a deployed app, from a file, looked at on a laptop."""

import json
from datetime import timedelta

import pytest

from cmk_check.doctor import app_checks
from cmk_check.doctor.examined_app import DoctorSubject, laid_over
from tests.unit.doctor.subjects import AZURITE, told

LAPTOP = {"PATH": "/bin", "CMK_CLOUD": "china", "AZURE_CLIENT_ID": "mine", "HOME": "/home"}
LAPTOP |= {"WEBSITE_AUTH_ENABLED": "mine"}
LISTED = [
    {"name": "CMK_SCAN_SCHEDULE", "slotSetting": False, "value": "0 0 * * * *"},
    {"name": "CMK_KINDS", "slotSetting": False, "value": None},
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
        "HOME": "/home",
        "CMK_SCAN_SCHEDULE": "0 0 * * * *",
        "AZURE_CLIENT_ID": "the-apps",
        "WEBSITE_AUTH_ENABLED": "True",
    }


@pytest.mark.parametrize("text", ["", "hush", "7", "[1]", "{}", '{"Values": 1}', '[{"name": "x"}]'])
def test_what_is_no_list_of_settings_is_refused(text: str) -> None:
    """Taken for an empty list it would look like an app that lacks everything."""
    with pytest.raises(ValueError, match="must be") as raised:
        laid_over(LAPTOP, text)

    assert "hush" not in str(raised.value)


@pytest.mark.parametrize("name", ["CMK_WEBHOOK_URL", "CMK_WEBHOOK_SECRET"])
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
