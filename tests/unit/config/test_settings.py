"""The settings: defaults, what is refused, and that nothing secret is repeated."""

import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from azure.core import AzureClouds
from azure.identity import AzureAuthorityHosts
from azure.mgmt.core.tools import get_arm_endpoints

from cmk_check.config.http_auth import http_auth_level
from cmk_check.config.settings import ConnectionString, Settings, StorageByIdentity
from cmk_check.config.settings_error import SettingsError
from cmk_check.core.requirements import OPTIONAL, OptionalRequirement

AZURITE = {"CMK_STORAGE": "UseDevelopmentStorage=true"}
BY_IDENTITY = {
    "CMK_STORAGE__tableServiceUri": "https://acct.table.core.windows.net/",
    "CMK_STORAGE__queueServiceUri": "https://acct.queue.core.windows.net",
}
_KEY = "AccountName=a;AccountKey=c2VjcmV0"
ID = "8d3c0000-0000-4000-8000-00000000000"


def _faults(environ: Mapping[str, str]) -> dict[str, str]:
    with pytest.raises(SettingsError) as raised:
        Settings.load(environ)
    return dict(raised.value.faults)


def test_defaults_are_those_of_the_contract() -> None:
    """What is not set behaves as the documentation says."""
    settings = Settings.load({**AZURITE, "CMK_KINDS": " ", "CMK_MAX_IN_FLIGHT": ""})

    assert (settings.cloud, settings.addresses.arm_url) == (
        "public",
        "https://management.azure.com",
    )
    assert settings.kinds == ("OpenAI", "AIServices")
    assert settings.tags == {"owner", "team", "application", "environment", "costcenter"}
    assert (settings.include, settings.exclude, settings.expect) == (frozenset(), frozenset(), 1)
    assert settings.max_age == timedelta(hours=3)
    assert (settings.max_in_flight, settings.slice_size) == (32, 400)
    assert (settings.subscription_timeout, settings.retry_after_max) == (120, 60)
    assert (settings.http_auth, settings.client_id, settings.hostname) == ("keys", None, None)
    assert (settings.key_health, settings.require_healthy_keys) == (True, False)
    assert (settings.on_azure, settings.easy_auth, settings.managed_identity) == (
        False,
        False,
        False,
    )


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
            "CMK_EXPECT_SUBSCRIPTIONS": "12",
            "CMK_TAGS": "Owner,Cost Center",
            "CMK_MAX_AGE_MINUTES": "90",
            "CMK_MAX_IN_FLIGHT": "100",
            "CMK_SLICE_SIZE": "1",
            "CMK_SUBSCRIPTION_TIMEOUT_SECONDS": "2.5",
            "CMK_RETRY_AFTER_MAX_SECONDS": "0",
            "CMK_HTTP_AUTH": "Entra",
            "CMK_REQUIRE_HEALTHY_KEYS": "On",
            "CMK_KEY_HEALTH": "on",
            "WEBSITE_HOSTNAME": "app.azurewebsites.net",
            "WEBSITE_AUTH_ENABLED": "True",
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
    assert (settings.expect, settings.management_group) == (12, "mg-AI_(1).x")
    assert (settings.max_age, settings.max_in_flight) == (timedelta(minutes=90), 100)
    assert (settings.slice_size, settings.subscription_timeout) == (1, 2.5)
    assert (settings.retry_after_max, settings.http_auth) == (0, "entra")
    assert settings.require_healthy_keys
    assert (settings.on_azure, settings.easy_auth, settings.managed_identity) == (True,) * 3


@pytest.mark.parametrize(
    ("cloud", "sdk_cloud", "authority"),
    [
        ("public", AzureClouds.AZURE_PUBLIC_CLOUD, AzureAuthorityHosts.AZURE_PUBLIC_CLOUD),
        ("usgov", AzureClouds.AZURE_US_GOVERNMENT, AzureAuthorityHosts.AZURE_GOVERNMENT),
        ("china", AzureClouds.AZURE_CHINA_CLOUD, AzureAuthorityHosts.AZURE_CHINA),
    ],
)
def test_clouds_are_the_sdks_own(cloud: str, sdk_cloud: AzureClouds, authority: str) -> None:
    """They are written down a second time only so that the SDK need not be loaded."""
    settings = Settings.load({**AZURITE, "CMK_CLOUD": cloud})

    theirs = get_arm_endpoints(sdk_cloud)
    assert settings.addresses.arm_url == theirs["resource_manager"].rstrip("/")
    assert [settings.addresses.token_scope] == theirs["credential_scopes"]
    assert settings.addresses.authority_host == authority


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
    on_azure = {"WEBSITE_HOSTNAME": "app.azurewebsites.net"}
    Settings.load_for_scan(environ={name: wrong, **on_azure})


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
        "CMK_EXPECT_SUBSCRIPTIONS": "0",
        "CMK_MAX_AGE_MINUTES": "soon",
        "CMK_MAX_IN_FLIGHT": "101",
        "CMK_SLICE_SIZE": "501",
        "CMK_SUBSCRIPTION_TIMEOUT_SECONDS": "0",
        "CMK_RETRY_AFTER_MAX_SECONDS": "-1",
        "CMK_HTTP_AUTH": "none",
        "CMK_KEY_HEALTH": "perhaps",
        "CMK_REQUIRE_HEALTHY_KEYS": "1",
    }

    faults = _faults({"WEBSITE_HOSTNAME": "app.azurewebsites.net", **wrong})

    assert set(faults) == {*wrong, "CMK_STORAGE__queueServiceUri"}  # which is missing
    assert all(sentence.startswith("must ") for sentence in faults.values())


def test_storage_that_is_not_named_or_twice_is_a_fault() -> None:
    """Without it nothing works, so it says how to name either kind; and one of them alone."""
    assert set(_faults({**AZURITE, **BY_IDENTITY})) == set(BY_IDENTITY)
    (sentence,) = _faults({}).values()

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
    faults = _faults({"CMK_STORAGE": text})

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
    """P6: settings are what people print when something is wrong."""
    settings = Settings.load({**AZURITE, "IDENTITY_ENDPOINT": "http://x/secret"})
    text = repr(settings)

    assert settings.managed_identity  # the simulator offers one on a laptop
    assert "Eby8" not in text
    assert "secret" not in text


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
    "url",
    [
        "http://127.0.0.1:1",
        "https://a/path",
        "https://user@a",
        "https://a?x",
        "https://a b",
        "a",
        "https://",
    ],
)
def test_other_arm_origin_must_be_one_p6(url: str) -> None:
    """P6: it is where the token goes."""
    assert set(_faults({**AZURITE, "CMK_ARM_URL": url})) == {"CMK_ARM_URL"}


@pytest.mark.parametrize("hostname", ["app.azurewebsites.net", "localhost.evil.test"])
def test_other_arm_origin_is_refused_on_azure_p6(hostname: str) -> None:
    """P6: a setting must not be able to send the app's token elsewhere."""
    environ = {**AZURITE, "CMK_ARM_URL": "https://arm.test", "WEBSITE_HOSTNAME": hostname}

    assert "remove it" in _faults(environ)["CMK_ARM_URL"]


@pytest.mark.parametrize(
    ("text", "level"), [("", "keys"), ("entra", "entra"), (" Entra ", "entra"), ("x", "keys")]
)
def test_auth_level_at_import_agrees_and_is_closed_when_in_doubt(text: str, level: str) -> None:
    """A typing error must not open the functions to everybody."""
    assert http_auth_level({"CMK_HTTP_AUTH": text}) == level


def test_auth_level_loads_no_pydantic() -> None:
    """It is read at every cold start, before anything is asked."""
    program = "import sys, cmk_check.config.http_auth; sys.exit('pydantic' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize(
    ("required", "looked_at"),
    [
        ("CMK_REQUIRE_HEALTHY_KEYS", "CMK_KEY_HEALTH"),
        ("CMK_REQUIRE_COVERED_DATA", "CMK_DATA_STORES"),
    ],
)
def test_what_nobody_looks_at_cannot_be_required(required: str, looked_at: str) -> None:
    """The posture would never be compliant: that is no setting (P11)."""
    given = {**AZURITE, required: "on"}

    faults = _faults({**given, looked_at: "off"})

    assert set(faults) == {required}
    assert looked_at in faults[required]
    assert Settings.load({**given, looked_at: "on"}).requires


@pytest.mark.parametrize("requirement", OPTIONAL, ids=lambda it: it.name)
def test_each_requirement_has_a_setting_that_switches_it_on(
    requirement: OptionalRequirement,
) -> None:
    """P1: one that no setting reaches counts nowhere."""
    given = {**AZURITE, "CMK_DATA_STORES": "on", f"CMK_REQUIRE_{requirement.name.upper()}": "on"}

    assert Settings.load(given).requires == {requirement}
