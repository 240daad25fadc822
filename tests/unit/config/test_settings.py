"""The settings: defaults, what is refused, and that nothing secret is repeated."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter

from cmk_check.config.http_auth import is_scheduled, read_http_auth
from cmk_check.config.setting_values import check_number, check_one_of
from cmk_check.config.settings import ConnectionString, Settings, StorageByIdentity, is_easy_auth_on
from cmk_check.config.settings_error import SettingsError
from cmk_check.core.alert_routes import Route
from cmk_check.core.requirements import HEALTHY_KEYS
from tests.guard.documents import ROOT
from tests.unit.config.settings_kit import AZURITE, ON_AZURE, OTHER, SECRET, URL, faults_of

BY_IDENTITY = {
    "CMK_STORAGE__tableServiceUri": "https://acct.table.core.windows.net/",
    "CMK_STORAGE__queueServiceUri": "https://acct.queue.core.windows.net/",
}
_KEY = "AccountName=a;AccountKey=c2VjcmV0"
ID = "8d3c0000-0000-4000-8000-00000000000"


def test_defaults_are_those_of_the_contract() -> None:
    """What is not set behaves as the documentation says."""
    settings = Settings.load({**AZURITE, "CMK_KINDS": " ", "CMK_MAX_IN_FLIGHT": ""})

    assert (settings.cloud, settings.addresses.arm_url) == (
        "public",
        "https://management.azure.com",
    )
    assert settings.kinds == ("OpenAI", "AIServices")
    assert settings.tags == {"owner", "team", "application", "environment", "costcenter"}
    assert (settings.include, settings.exclude) == (frozenset(), frozenset())
    assert settings.max_age == timedelta(hours=3)
    assert settings.max_in_flight == 32
    assert (settings.http_auth, settings.client_id, settings.hostname) == ("keys", None, None)
    assert (settings.key_health, settings.require_healthy_keys) == (True, False)
    assert (settings.on_azure, settings.easy_auth, settings.managed_identity) == (False,) * 3
    assert (settings.routes, settings.changes_queue) == ((), False)
    assert settings.retention == timedelta(days=400)


def test_everything_can_be_set() -> None:
    """Each variable reaches its field."""
    settings = Settings.load(
        {
            **BY_IDENTITY,
            "CMK_STORAGE__credential": "managedidentity",
            "CMK_STORAGE__clientId": ID + "9",
            "AZURE_CLIENT_ID": ID + "8",
            "CMK_CLOUD": "UsGov",
            "CMK_KINDS": "OpenAI, openai ,Face",
            "CMK_INCLUDE_SUBSCRIPTIONS": f"{ID}1,,{ID}2 ".upper(),
            "CMK_EXCLUDE_SUBSCRIPTIONS": f"{ID}3",
            "CMK_MANAGEMENT_GROUP": "mg-AI_(1).x",
            "CMK_TAGS": "Owner,Cost Center",
            "CMK_MAX_AGE_MINUTES": "90",
            "CMK_MAX_IN_FLIGHT": "100",
            "CMK_HTTP_AUTH": "Entra",
            "CMK_REQUIRE_HEALTHY_KEYS": "On",
            "CMK_KEY_HEALTH": "on",
            "CMK_SCAN_SCHEDULE": "0 0 * * * *",
            "CMK_WATCH_SCHEDULE": "0 1/2 * * * *",
            "CMK_DIGEST_SCHEDULE": "0 0 8 * * 1",
            "WEBSITE_AUTH_ENABLED": "True",
            "CMK_WEBHOOK_URL": URL,
            "CMK_WEBHOOK_FORMAT": "Slack",
            "CMK_WEBHOOK_SECRET": f" {SECRET}, {OTHER} ",
            "CMK_ALERT_ON": "account.violated, CMKCHECK.scan.failed",
            "CMK_CHANGES_QUEUE": "On",
            "CMK_RETENTION_DAYS": "3650",
            **ON_AZURE,
        }
    )

    assert settings.storage == StorageByIdentity(
        "https://acct.table.core.windows.net", "https://acct.queue.core.windows.net", ID + "9"
    )
    assert (settings.client_id, settings.cloud) == (ID + "8", "usgov")
    assert settings.kinds == ("OpenAI", "Face")
    assert settings.include == {ID + "1", ID + "2"}
    assert settings.exclude == {ID + "3"}
    assert settings.tags == {"owner", "cost center"}
    assert settings.management_group == "mg-AI_(1).x"
    assert (settings.max_age, settings.max_in_flight) == (timedelta(minutes=90), 100)
    assert settings.http_auth == "entra"
    assert settings.require_healthy_keys
    assert (settings.on_azure, settings.easy_auth, settings.managed_identity) == (True,) * 3
    assert settings.routes == (Route("webhook", URL, "slack", (SECRET, OTHER)),)
    assert settings.alert_on == {"cmkcheck.account.violated", "cmkcheck.scan.failed"}
    assert (settings.changes_queue, settings.retention) == (True, timedelta(days=3650))
    assert (settings.scan_schedule, settings.watch_schedule) == ("0 0 * * * *", "0 1/2 * * * *")


@pytest.mark.parametrize(
    ("value", "tags"),
    [
        (None, ("owner", "contact", "team")),
        ("Contact, OWNER,contact", ("contact", "owner")),
        ("", ()),
        (" ", ()),
    ],
)
def test_tags_of_owners_keep_their_order_and_may_be_none(
    value: str | None, tags: tuple[str, ...]
) -> None:
    """The first one counts; owners may be people, and an empty list keeps none."""
    given = {} if value is None else {"CMK_OWNER_TAGS": value}

    assert Settings.load({**AZURITE, **given}).owner_tags == tags


@pytest.mark.parametrize(
    ("name", "wrong", "right"),
    [
        ("AZURE_TENANT_ID", "my tenant", ID + "1"),
        ("AZURE_TENANT_ID", "contoso", "contoso.onmicrosoft.com"),
        ("AZURE_TENANT_ID", "https://contoso.com", "xn--mnchen-3ya.xn--p1ai"),
        ("SSL_CERT_FILE", "/nowhere/ca.pem", __file__),
        ("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem", str(Path(__file__).parent)),
    ],
)
def test_what_the_sign_in_reads_is_checked_where_it_signs_in(
    name: str, wrong: str, right: str
) -> None:
    """The libraries say of it that a certificate or a token is missing, after the network."""
    with pytest.raises(SettingsError) as refused:
        Settings.load_for_scan(environ={name: wrong})

    assert [fault for fault, _ in refused.value.faults] == [name]
    assert wrong not in str(refused.value)
    Settings.load_for_scan(environ={name: right})
    Settings.load_for_scan(environ={name: wrong, **ON_AZURE})


def test_all_faults_are_named_at_once() -> None:
    """Whoever mends the settings should have to do it once."""
    wrong = {
        "CMK_ARM_URL": "https://arm.test",
        "CMK_STORAGE__tableServiceUri": "http://x",
        "CMK_STORAGE__credential": "key",
        "CMK_STORAGE__clientId": "me",
        "AZURE_CLIENT_ID": "my-identity",
        "CMK_CLOUD": "mars",
        "CMK_KINDS": "a b",
        "CMK_INCLUDE_SUBSCRIPTIONS": "Production",
        "CMK_EXCLUDE_SUBSCRIPTIONS": f"{ID}1,{ID}",
        "CMK_MANAGEMENT_GROUP": "a/b",
        "CMK_MAX_AGE_MINUTES": "soon",
        "CMK_MAX_IN_FLIGHT": "101",
        "CMK_HTTP_AUTH": "none",
        "CMK_KEY_HEALTH": "perhaps",
        "CMK_REQUIRE_HEALTHY_KEYS": "1",
        "CMK_EXCEPTION_POLICIES": "/providers/Microsoft.Authorization/policyAssignments/hush",
        "CMK_EXCEPTION_ASSIGNMENTS": "hush",
        "CMK_WEBHOOK_URL": "ftp://hush",
        "CMK_WEBHOOK_SECRET": "whsec_hush",
        "CMK_WEBHOOK_FORMAT": "discord",
        "CMK_ALERT_ON": ",",
        "CMK_CHANGES_QUEUE": "true",
        "CMK_RETENTION_DAYS": "3651",
        "CMK_SCAN_SCHEDULE": "0 0 3 * * 7",
        "CMK_WATCH_SCHEDULE": "00:02:00",
        "CMK_DIGEST_SCHEDULE": "weekly",
    }

    faults = faults_of(ON_AZURE | wrong)

    assert set(faults) == {*wrong, "CMK_STORAGE__queueServiceUri"}  # which is missing
    assert all(sentence.startswith("must ") for sentence in faults.values())


def test_a_number_or_word_is_taken_within_its_bounds_alone() -> None:
    """What is not understood must not be taken for the default."""
    numbers = TypeAdapter(Annotated[int, check_number(2, 30)])
    days = TypeAdapter(Annotated[timedelta, check_number(1, 30, of=timedelta(days=1))])
    words = TypeAdapter(Annotated[str, check_one_of("slack", "teams")])

    assert [numbers.validate_python(text) for text in ("2", "030")] == [2, 30]
    assert days.validate_python("30") == timedelta(days=30)
    assert words.validate_python("Teams") == "teams"
    refused: dict[TypeAdapter[Any], list[str]] = {
        numbers: ["1", "31", "-2", "2.0", "", "\u0663", "2 ", "0" * 9 + "2"],
        words: ["", "team", "slack,teams"],
    }
    for adapter, texts in refused.items():
        for text in texts:
            with pytest.raises(ValueError, match="must be"):
                adapter.validate_python(text)


@pytest.mark.parametrize(
    ("url", "is_taken"),
    [
        ("https://a.test", True),
        ("https://127.0.0.1:9/account", True),
        ("http://a.test", False),
        ("https://", False),
        ("https://a.test/cmkfindings", False),
        ("https://user@a.test", False),
        ("https://a.test?sv=hush", False),
        ("https://a.test#hush", False),
        ("https://a.test:hush", False),
    ],
)
def test_the_address_of_a_service_has_nothing_besides_its_host(url: str, *, is_taken: bool) -> None:
    """P6: it is where the token goes; a signature in it would be a key."""
    given = BY_IDENTITY | {"CMK_STORAGE__queueServiceUri": url}

    if is_taken:
        assert Settings.load(given).storage == StorageByIdentity(
            "https://acct.table.core.windows.net", url
        )
    else:
        (fault,) = faults_of(given).values()
        assert fault.startswith("must be a queue service; write https://<account>.queue.<suffix")


def test_storage_that_is_not_named_or_twice_is_a_fault() -> None:
    """Without it nothing works, so it says how to name either kind; and one of them alone."""
    assert set(faults_of({**AZURITE, **BY_IDENTITY})) == set(BY_IDENTITY)
    (sentence,) = faults_of({}).values()

    assert "CMK_STORAGE__tableServiceUri" in sentence
    assert "UseDevelopmentStorage=true" in sentence


@pytest.mark.parametrize(
    "text",
    [
        f"DefaultEndpointsProtocol=https;{_KEY};EndpointSuffix=core.windows.net",
        f"{_KEY};TableEndpoint=https://a.table.core.windows.net;QueueEndpoint=http://127.0.0.1:1/a",
        f"{_KEY};TableEndpoint=http://127.0.0.1.evil.test/a;QueueEndpoint=http://127.0.0.1:1/a",
        "UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://evil.test",
        "c2VjcmV0",
    ],
)
def test_account_key_for_azure_is_refused_and_not_repeated_p6(text: str) -> None:
    """P6: a key opens everything and belongs to nobody; and an error ends up in logs."""
    faults = faults_of({"CMK_STORAGE": text})

    assert set(faults) == {"CMK_STORAGE"}
    assert "by identity" in faults["CMK_STORAGE"]
    assert "c2VjcmV0" not in repr(faults)


AT_PORTS = f"{_KEY};TableEndpoint=http://HOST:7/a;QueueEndpoint=http://HOST:8/a"


@pytest.mark.parametrize(
    ("text", "tables", "queues"),
    [
        ("UseDevelopmentStorage=true", "10002/devstoreaccount1", "10001/devstoreaccount1"),
        (AT_PORTS.replace("HOST", "127.0.0.1"), "7/a", "8/a"),
        (AT_PORTS.replace("HOST", "LOCALHOST"), "7/a", "8/a"),
    ],
)
def test_azurite_is_named_by_number(text: str, tables: str, queues: str) -> None:
    """The table SDK takes localhost on another port for Cosmos DB."""
    storage = Settings.load({"CMK_STORAGE": text}).storage

    assert isinstance(storage, ConnectionString)
    assert f"TableEndpoint=http://127.0.0.1:{tables}" in storage.value
    assert f"QueueEndpoint=http://127.0.0.1:{queues}" in storage.value


def test_repr_shows_no_secret_p6() -> None:
    """P6: settings are what people print when something is wrong; who knows the URL can post."""
    secrets = {"CMK_WEBHOOK_URL": URL, "CMK_WEBHOOK_SECRET": SECRET}
    settings = Settings.load(AZURITE | secrets | {"IDENTITY_ENDPOINT": "http://x/secret"})

    assert settings.managed_identity  # the simulator offers one on a laptop
    for text in (repr(settings), str(settings)):
        assert not any(word in text for word in ("Eby8", "secret", "hush", SECRET))


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://127.0.0.1:8443/", "https://127.0.0.1:8443"),
        ("https://ARM.test", "https://arm.test"),
    ],
)
@pytest.mark.parametrize("hostname", ["", "localhost:7071", "127.0.0.1:7071"])
def test_other_arm_origin_is_taken_off_azure(url: str, origin: str, hostname: str) -> None:
    """The simulator is asked as Azure would be, for a token of its own."""
    settings = Settings.load({**AZURITE, "CMK_ARM_URL": url, "WEBSITE_HOSTNAME": hostname})

    assert (settings.addresses.arm_url, settings.addresses.token_scope) == (
        origin,
        f"{origin}/.default",
    )


@pytest.mark.parametrize(
    ("url", "hostname"),
    [
        ("http://127.0.0.1:1", ""),
        ("https://a/path", ""),
        ("https://user@a", ""),
        ("https://a b", ""),
        ("https://", ""),
        ("https://arm.test", "app.azurewebsites.net"),
        ("https://arm.test", "localhost.evil.test"),
    ],
)
def test_any_other_arm_origin_is_refused_and_each_on_azure_p6(url: str, hostname: str) -> None:
    """P6: it is where the token goes; a setting must not be able to send the app's elsewhere."""
    faults = faults_of(AZURITE | {"CMK_ARM_URL": url, "WEBSITE_HOSTNAME": hostname})

    assert faults.keys() == {"CMK_ARM_URL"}
    assert ("must not be set on Azure" in faults["CMK_ARM_URL"]) is bool(hostname)


@pytest.mark.parametrize(
    ("text", "level"), [("", "keys"), ("entra", "entra"), (" Entra ", "entra"), ("x", "keys")]
)
def test_auth_level_at_import_agrees_and_is_closed_when_in_doubt(text: str, level: str) -> None:
    """A typing error must not open the functions to everybody."""
    assert read_http_auth({"CMK_HTTP_AUTH": text}) == level


@pytest.mark.parametrize(("text", "is_on"), [("True", True), ("off", False), ("", False)])
def test_a_request_that_comes_before_settings_are_valid_knows_of_the_sign_in(
    monkeypatch: pytest.MonkeyPatch, text: str, *, is_on: bool
) -> None:
    """Health must answer although a setting is wrong, and to no more people than else."""
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", text)

    assert is_easy_auth_on() is is_on


LIST = (
    "import json; from function_app import app; "
    "print(json.dumps([function.get_function_name() for function in app.get_functions()]))"
)


@pytest.mark.parametrize("schedule", ["  ", "0 1/2 * * * *"])
@pytest.mark.parametrize("name", ["watch", "digest"])
def test_an_optional_timer_is_a_function_where_it_has_a_schedule(name: str, schedule: str) -> None:
    """The host starts no function at all if the schedule of one is missing."""
    setting = f"CMK_{name.upper()}_SCHEDULE"
    environ = {"PATH": os.defpath, setting: schedule}
    ran = subprocess.run(
        [sys.executable, "-c", LIST], cwd=ROOT, env=environ, capture_output=True, check=True
    )

    assert (
        is_scheduled(setting, environ) is (name in json.loads(ran.stdout)) is bool(schedule.strip())
    )
    assert not is_scheduled(setting, {})


def test_what_nobody_looks_at_cannot_be_required() -> None:
    """The posture would never be compliant: that is no setting (P11)."""
    given = {**AZURITE, "CMK_REQUIRE_HEALTHY_KEYS": "on"}

    faults = faults_of({**given, "CMK_KEY_HEALTH": "off"})

    assert set(faults) == {"CMK_REQUIRE_HEALTHY_KEYS"}
    assert "CMK_KEY_HEALTH" in faults["CMK_REQUIRE_HEALTHY_KEYS"]
    assert Settings.load({**given, "CMK_KEY_HEALTH": "on"}).requires == {HEALTHY_KEYS}
