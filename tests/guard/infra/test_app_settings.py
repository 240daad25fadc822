"""The settings of the deployed app: those that the code knows, and none that Flex forbids."""

import re
from collections.abc import Iterable
from datetime import timedelta

import pytest

from cmk_check.config.misspelt_settings import OF_DEPLOYMENT
from cmk_check.config.settings import SETTING_NAMES, Settings
from tests.guard.infra.bicep_kit import INFRA, PRINCIPAL, Bicep, RefusedError, only
from tests.guard.infra.expressions import ENVIRONMENTS, Later, worked_out

KNOWN = {name for name in SETTING_NAMES if name.startswith(("CMK_", "AZURE_"))}
# For a laptop and for the simulator: the app refuses both on Azure.
NOT_ON_AZURE = {"CMK_STORAGE", "CMK_ARM_URL"}
WEBHOOK = {
    "webhookUrlSecretUri": "https://kv-example.vault.azure.net/secrets/webhook",
    "webhookSigningSecretUri": "https://kv-example.vault.azure.net/secrets/signing",
}
# Names that are the host's or the platform's, not the app's.
OF_THE_HOST = {
    "AzureWebJobsStorage__accountName",
    "AzureWebJobsStorage__clientId",
    "AzureWebJobsStorage__credential",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
}
OF_SIGN_IN = {"OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID", "WEBSITE_AUTH_AAD_ALLOWED_TENANTS"}
# https://learn.microsoft.com/azure/azure-functions/functions-app-settings
FORBIDDEN_ON_FLEX = (
    "AzureWebJobsStorage",
    "DEPLOYMENT_STORAGE_CONNECTION_STRING",
    "ENABLE_ORYX_BUILD",
    "FUNCTIONS_EXTENSION_VERSION",
    "FUNCTIONS_WORKER_RUNTIME",
    "FUNCTIONS_WORKER_RUNTIME_VERSION",
    "SCM_DO_BUILD_DURING_DEPLOYMENT",
    "TZ",
    "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING",
    "WEBSITE_CONTENTSHARE",
    "WEBSITE_NODE_DEFAULT_VERSION",
    "WEBSITE_RUN_FROM_PACKAGE",
    "WEBSITE_TIME_ZONE",
    "WEBSITE_VNET_ROUTE_ALL",
)


def _set(compiler: Bicep, cloud: str = "AzureCloud", **given: object) -> dict[str, str]:
    resources = worked_out(compiler.snapshot_with(given), cloud)
    settings = only(resources, "Microsoft.Web/sites/config", "/appsettings")["properties"]
    return {str(name): value for name, value in settings.items()}


def _refused(compiler: Bicep, names: Iterable[str]) -> list[str]:
    """Return those of these further settings that a deployment does not accept."""
    said = "settings must not contain (.*?):"
    with pytest.raises(RefusedError, match=said) as refused:
        _set(compiler, settings=dict.fromkeys(names, "1"))
    found = re.search(said, str(refused.value))
    return found[1].split(", ") if found else []


def test_each_setting_of_the_app_is_set_or_may_be_given(compiler: Bicep) -> None:
    """A setting that no deployment can reach might as well not be there."""
    set_ = _set(compiler, digestSchedule="0 0 8 * * 1", **WEBHOOK).keys()

    refused = set(_refused(compiler, KNOWN))

    assert set_ - OF_THE_HOST <= KNOWN
    assert refused == set_ - OF_THE_HOST | NOT_ON_AZURE  # two places: which one counts?


def test_what_is_given_reaches_the_app(compiler: Bicep) -> None:
    """Proxies, package indexes and certificates have settings, and no list is complete."""
    given = {"CMK_KINDS": "OpenAI", "HTTPS_PROXY": "x", "PIP_INDEX_URL": "y", "MADE_UP": "z"}

    assert _set(compiler, settings=given) == _set(compiler) | given


def test_a_setting_that_would_be_ignored_or_break_the_app_is_refused(compiler: Bicep) -> None:
    """The template would overwrite it, or the app would not start and nobody would know why."""
    wrong = [
        *sorted(OF_THE_HOST | OF_SIGN_IN),
        *FORBIDDEN_ON_FLEX,
        "azurewebjobsstorage__queueServiceUri",
        "CMK_KIND",
        "cmk_kinds",
        "CMK_STORAGE__accountName",
        "IDENTITY_ENDPOINT",
        "WEBSITE_AUTH_ENABLED",
        "WEBSITE_HOSTNAME",
    ]

    assert sorted(_refused(compiler, [*wrong, "HTTPS_PROXY"])) == sorted(wrong)


def test_a_template_without_options_sets_what_it_works_out_and_no_more(compiler: Bicep) -> None:
    """A setting too many hides a default that a later version may better."""
    assert _set(compiler).keys() == OF_THE_HOST | {
        "AZURE_CLIENT_ID",
        "CMK_ACTION_GROUP",
        "CMK_CLOUD",
        "CMK_HTTP_AUTH",
        "CMK_MAX_AGE_MINUTES",
        "CMK_SCAN_SCHEDULE",
        "CMK_STORAGE__clientId",
        "CMK_STORAGE__credential",
        "CMK_STORAGE__queueServiceUri",
        "CMK_STORAGE__tableServiceUri",
        "CMK_WATCH_SCHEDULE",
    }


@pytest.mark.parametrize("cloud", ENVIRONMENTS)
def test_the_app_takes_what_the_template_sets(compiler: Bicep, cloud: str) -> None:
    """A fault in a setting stops every function, and is seen after the deployment."""
    suffix = ENVIRONMENTS[cloud]["suffixes"]["storage"]
    settings = _set(compiler, cloud, entraClientId=PRINCIPAL, maxAgeMinutes=60)
    deployed = {name: _deployed(value, suffix) for name, value in settings.items()}

    read = Settings.load(deployed | {"WEBSITE_HOSTNAME": "func-cmk-example.azurewebsites.net"})

    names = {"AzureCloud": "public", "AzureUSGovernment": "usgov", "AzureChinaCloud": "china"}
    assert read.cloud == names[cloud]
    assert read.max_age == timedelta(minutes=60)
    assert read.client_id == PRINCIPAL
    assert read.http_auth == "entra"


def _deployed(value: str, suffix: str) -> str:
    """Return what Azure would put in place of what it alone knows."""
    if not isinstance(value, Later):
        return value
    if value.endswith(".clientId"):
        return PRINCIPAL
    return re.sub(r".*\.primaryEndpoints\.(\w+)", rf"https://stcmkexample.\1.{suffix}/", value)


def test_the_host_finds_its_storage_in_each_cloud(compiler: Bicep) -> None:
    """The name alone stands for an account in the public cloud."""
    by_address = {f"AzureWebJobsStorage__{one}ServiceUri" for one in ("blob", "queue", "table")}

    for cloud in ENVIRONMENTS:
        names = {one for one in _set(compiler, cloud) if one.startswith("AzureWebJobsStorage__")}
        named = names - {"AzureWebJobsStorage__clientId", "AzureWebJobsStorage__credential"}
        is_public = cloud == "AzureCloud"
        assert named == ({"AzureWebJobsStorage__accountName"} if is_public else by_address)


def test_secrets_are_read_by_the_identity_of_the_app(compiler: Bicep) -> None:
    """Without a name for it, the platform looks for an identity that the app does not have."""
    site = only(compiler.snapshot_with(WEBHOOK), "Microsoft.Web/sites")

    identity = site["properties"]["keyVaultReferenceIdentity"]
    assert identity in site["identity"]["userAssignedIdentities"]


READ = (*INFRA.glob("main.*"), *INFRA.glob("hooks/*"), *INFRA.rglob("*.bicepparam"))
# As azd replaces it, a template outputs it, a parameter file reads it, and shells read it.
NAME = r"\$\{(CMK_\w+)|^output (CMK_\w+)|readEnvironmentVariable\('(CMK_\w+)|\$(?:env:)?(CMK_\w+)"


def test_the_list_names_what_the_deployment_uses_and_no_more() -> None:
    """One that is missing is a warning to whoever deploys; one too many hides a mistake."""
    texts = "\n".join(path.read_text() for path in READ)

    found = {name for names in re.findall(NAME, texts, re.MULTILINE) for name in names if name}

    assert found - SETTING_NAMES == OF_DEPLOYMENT
    # A setting would be read by the app from the shell of whoever deploys.
    assert OF_DEPLOYMENT.isdisjoint(SETTING_NAMES)
