"""A client nobody here wrote: Microsoft's az command uses the simulator, and agrees with a scan."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from cmk_check.config.clouds import CLOUDS
from local.simulator import CMK_POLICY, AccountSpec, Simulator, load_estate
from tests.functional.az_kit import VERSION_CHECK, Az
from tests.functional.conftest import OpenAz, OpenScene
from tests.functional.estate_kit import CMK, MICROSOFT, Scene, estate_of, next_second, sub_id
from tests.functional.exception_kit import ACCEPT, COMPANY
from tests.guard.documents import SETTINGS, table

pytestmark = pytest.mark.tools("az")

PRODUCTION: Final = "c4a9e1d7-52b0-4f3c-8e6d-93f1b7a05c28"
SANDBOX: Final = "5e2f8b90-7c14-4a6d-b1e3-40d9c6f2a857"
ACQUISITIONS: Final = "a07d6c3e-1b95-48f2-9d7a-e6c40b8f2d19"
COMMAND: Final = ("cognitiveservices", "account")
EXEMPTION: Final = ("policy", "exemption")

# The two commands of the knowledge-base page, with its own filters.
LIST: Final = "[?(kind==`OpenAI`)].{name:name, resourceGroup:resourceGroup}"
SHOW: Final = '{"encryptionKey":properties.encryption.keyVaultProperties.keyName}'

# Where the rule departs from the page, which asks for nothing but a name: what each says.
DEPARTURES: Final = {
    # R3: Microsoft's keys are in force, and the key that is named is not.
    "left-behind": ("compliant", "non_compliant", "microsoft_managed_key"),
    # R4: a blank is a name to whoever asks whether it is null.
    "translation-memory": ("compliant", "non_compliant", "key_not_named"),
    # R5: nobody knows what the source is, or there is none.
    "unheard-of": ("compliant", "unknown", "unrecognised_key_source"),
    "sourceless": ("compliant", "unknown", "unrecognised_key_source"),
    # R6: what cannot be read is shown as null.
    "legacy-import": ("non_compliant", "unknown", "malformed"),
}
# The page was written before OpenAI accounts could become those of Microsoft Foundry.
NOT_ON_THE_PAGE: Final = {
    "agents-foundry": "compliant",
    "policy-search": "compliant",
    "contract-summaries": "non_compliant",
    "agent-lab": "unknown",
    "image-evaluation": "unknown",
}


def test_the_knowledge_base_procedure_by_az_agrees_with_a_scan(
    open_scene: OpenScene, open_az: OpenAz
) -> None:
    """An auditor who follows the page must find what we report, or find the difference named."""
    estate = load_estate("sample")
    odd = {
        "left-behind": CMK | MICROSOFT,
        "unheard-of": CMK | {"keySource": "Contoso.KeySafe"},
        "sourceless": {"keyVaultProperties": CMK["keyVaultProperties"]},
    }
    for name, encryption in odd.items():
        estate.subscription(PRODUCTION).add_account(
            AccountSpec(name=name, group="rg-odd", encryption=encryption)
        )
    scene = open_scene(estate)
    scene.scan()
    findings, gaps = scene.findings(), scene.status()["gaps"]
    simulator = scene.simulator

    az = open_az(simulator)
    az.sign_in()
    simulator.requests.clear()
    by_page = _audit(az, PRODUCTION) | _audit(az, SANDBOX)
    asked = list(simulator.requests)
    refusal = az.refusal("cognitiveservices", "account", "list", "--subscription", ACQUISITIONS)

    assert by_page.keys() | NOT_ON_THE_PAGE.keys() == findings.keys()
    assert not by_page.keys() & NOT_ON_THE_PAGE.keys()
    verdicts = {name: finding["verdict"] for name, finding in findings.items()}
    assert {
        name: (by_page[name], verdicts[name], findings[name]["reason"])
        for name in by_page
        if by_page[name] != verdicts[name]
    } == DEPARTURES
    assert {"compliant", "non_compliant"} == {by_page[name] for name in by_page.keys() - DEPARTURES}
    assert {name: verdicts[name] for name in NOT_ON_THE_PAGE} == NOT_ON_THE_PAGE
    assert [(gap["subscriptionId"], gap["reason"]) for gap in gaps] == [(ACQUISITIONS, "forbidden")]
    assert "(AuthorizationFailed) The client" in refusal
    assert gaps[0]["missingAction"] in refusal
    assert all("AZURECLI/" in each.headers["user-agent"] for each in asked if each.authorized)
    assert az.strayed <= {VERSION_CHECK}


def _audit(az: Az, subscription: str) -> dict[str, str]:
    """Follow the page in one subscription; return its verdict on each account."""
    verdicts = {}
    for listed in az(*COMMAND, "list", "--subscription", subscription, "--query", LIST):
        place = ("--name", listed["name"], "--resource-group", listed["resourceGroup"])
        shown = az(*COMMAND, "show", *place, "--subscription", subscription, "--query", SHOW)
        named = shown["encryptionKey"] is not None
        verdicts[listed["name"]] = "compliant" if named else "non_compliant"
    return verdicts


def test_az_knows_the_clouds_at_the_same_addresses(open_az: OpenAz) -> None:
    """In a sovereign cloud nobody here can look: what Microsoft ships is the best witness."""
    names = {"public": "AzureCloud", "usgov": "AzureUSGovernment", "china": "AzureChinaCloud"}
    with Simulator("clean") as simulator:
        az = open_az(simulator)
        clouds = {cloud["name"]: cloud for cloud in az("cloud", "list")}

    documented = {row[0].strip("`"): row[-1].strip("`") for row in table(SETTINGS, "cloud")}
    for name, cloud in CLOUDS.items():
        known, suffixes = (clouds[names[name]][part] for part in ("endpoints", "suffixes"))
        assert known["resourceManager"].rstrip("/") == cloud.arm_url
        assert known["activeDirectory"] == f"https://{cloud.authority_host}"
        assert known["portal"] == cloud.portal_url
        assert suffixes["storageEndpoint"] == documented[name]
        assert suffixes["keyvaultDns"] == f".{cloud.vault_domain}"
    assert az.strayed <= {VERSION_CHECK}


def _posture_after_a_scan(scene: Scene) -> str:
    next_second()
    scene.scan()
    posture: str = scene.status()["posture"]
    return posture


def test_az_changes_exempts_and_deletes_an_account_and_the_scans_follow(
    open_scene: OpenScene, open_az: OpenAz
) -> None:
    """What the simulator takes and gives back is what Microsoft's own client sends and expects."""
    estate = estate_of({"chat": MICROSOFT, "search": CMK})
    subscription = estate.subscription(sub_id(1))
    subscription.management_groups = ("company",)
    account = subscription.accounts["chat"]
    scope = f"/subscriptions/{sub_id(1)}"
    at = ("--name", "chat", "--resource-group", account.group, "--subscription", sub_id(1))
    scene = open_scene(estate, **ACCEPT)
    postures = [_posture_after_a_scan(scene)]
    scene.news()
    az = open_az(scene.simulator)
    az.sign_in()
    refused = [
        az.refusal(*COMMAND, *words, *at)
        for words in (("update", "--tags", "owner=red"), ("delete",))
    ]
    az("login", "--identity", "--client-id", estate.administrator)

    # Its owner changes, and the violation is accepted for a time.
    changed = az(*COMMAND, "update", *at, "--tags", "owner=blue team", "stage=test")
    expiry = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%dT%H:%M:%S}"
    # It looks for the id of a built-in policy by its name alone.
    policy = ("--policy", CMK_POLICY, "--scope", COMPANY)
    assigned = az("policy", "assignment", "create", "--name", "cmk", *policy)
    here = ("--name", "chat", "--scope", account.id)
    waiver = ("--exemption-category", "Waiver", "--expires-on", f"{expiry}Z")
    details = ("--display-name", "Until the move", "--metadata", "approvedBy=board ticketRef=R-1")
    az(*EXEMPTION, "create", *here, "--policy-assignment", assigned["id"], *waiver, *details)
    postures.append(_posture_after_a_scan(scene))
    accepted, news = scene.findings()["chat"], [scene.news()]
    shown = az(*EXEMPTION, "show", *here)
    exact = az(*EXEMPTION, "list", "--scope", scope)
    below = az(*EXEMPTION, "list", "--scope", scope, "--disable-scope-strict-match")

    # It is no longer accepted.
    az(*EXEMPTION, "delete", *here)
    postures.append(_posture_after_a_scan(scene))
    news.append(scene.news())

    # It goes.
    az(*COMMAND, "delete", *at)
    missing = az.refusal(*COMMAND, "show", *at)
    postures.append(_posture_after_a_scan(scene))
    news.append(scene.news())

    assert all("AuthorizationFailed" in each for each in refused)
    assert changed["tags"] == {"owner": "blue team", "stage": "test"}
    assert accepted["owner"] == {"value": "blue team", "source": "account"}
    assert postures == [
        *("non_compliant", "compliant_with_exceptions", "non_compliant", "compliant")
    ]
    assert [[kind for kind, _ in each] for each in news] == [
        ["account.updated", "exception.started"],
        ["exception.ended"],
        ["account.removed"],
    ]
    assert (shown["exemptionCategory"], shown["displayName"]) == ("Waiver", "Until the move")
    assert shown["expiresOn"].startswith(expiry)
    assert shown["metadata"] == {"approvedBy": "board", "ticketRef": "R-1"}
    exception = accepted["exception"]
    assert exception["id"] == shown["id"].lower()
    assert (exception["displayName"], exception["expiresOn"]) == ("Until the move", f"{expiry}Z")
    assert (exception["approvedBy"], exception["ticket"]) == ("board", "R-1")
    assert exception["createdBy"] == shown["systemData"]["createdBy"] == estate.administrator
    assert (exact, [each["id"] for each in below]) == ([], [shown["id"]])
    assert "ResourceNotFound" in missing
    assert az.strayed <= {VERSION_CHECK}
