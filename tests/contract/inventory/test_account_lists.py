"""What Azure lists arrives as it was sent, once, and only what is asked for."""

import tomllib
from pathlib import Path

import pytest

from cmk_check.core.account import Reading
from cmk_check.core.account import Subscription as Listed
from cmk_check.core.enums import GapReason
from cmk_check.core.resource_id import AccountId
from local.simulator.accounts import AccountSpec
from local.simulator.estate import Access
from local.simulator.faults import Fault, arm_error
from tests.contract.inventory.azure_kit import Azure
from tests.contract.inventory.conftest import ACCOUNTS, LISTED, SUBSCRIPTION, account_id

VERSION = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
ACCOUNT = account_id("a")
ELSEWHERE = ACCOUNT.text.replace(SUBSCRIPTION, "other")
KEY = {
    "keySource": "Microsoft.KeyVault",
    "keyVaultProperties": {
        "keyName": "cmk",
        "keyVersion": "",
        "keyVaultUri": "https://kv-a.vault.azure.net/",
    },
}


def _names(reading: Reading) -> list[str]:
    return [account.id.name for account in reading.accounts]


async def test_subscriptions_come_with_name_tenant_state_and_owner(azure: Azure) -> None:
    """The SDK's default version of this call has no tenant, which the findings need."""
    added = azure.simulator.estate.add_subscription(SUBSCRIPTION.upper().replace("1", "2"), "Läb")
    added.tenant_id, added.state = "11111111-0000-4000-8000-000000000000", "Warned"
    added.tags = {"Contact": "cloud", "other": "x"}

    listed = await azure.inventory.subscriptions()

    quota_id = added.quota_id
    assert listed == (
        Listed(SUBSCRIPTION, "Production", azure.simulator.estate.tenant_id, "Enabled", quota_id),
        Listed(SUBSCRIPTION.replace("1", "2"), "Läb", added.tenant_id, "Warned", quota_id, "cloud"),
    )


async def test_subscriptions_of_several_pages_are_all_listed(azure: Azure) -> None:
    """A list cut short would take subscriptions for vanished ones."""
    azure.simulator.arm.subscriptions_per_page = 2
    for number in range(4):
        azure.simulator.estate.add_subscription(SUBSCRIPTION[:-1] + f"{number + 5}", f"S{number}")

    assert len(await azure.inventory.subscriptions()) == 5


async def test_account_arrives_with_what_the_rule_looks_at(azure: Azure) -> None:
    """Everything a verdict rests on comes from the raw answer, spelled as Azure spelled it."""
    azure.accounts.add_account(
        AccountSpec(
            name="Chat",
            group="rg-AI",
            encryption=KEY,
            identity="system",
            tags={"Owner": "ai", "secret": "x"},
        )
    )

    reading = await azure.inventory.read(LISTED, seconds=30)

    (account,) = reading.accounts
    assert reading.gap is None
    assert (account.id.name, account.id.resource_group) == ("Chat", "rg-AI")
    assert (account.kind, account.key_source, account.key_name) == (
        "OpenAI",
        "Microsoft.KeyVault",
        "cmk",
    )
    assert (account.key_version, account.key_vault_uri) == ("", "https://kv-a.vault.azure.net/")
    assert (account.identity_type, account.provisioning_state) == ("SystemAssigned", "Succeeded")
    assert account.created_at == "2025-10-08T21:44:06Z"
    assert account.tags == {"owner": "ai"}


async def test_empty_page_in_the_middle_does_not_end_the_list(azure: Azure) -> None:
    """Azure sends pages without entries that still lead on."""
    for name in ("a", "b", "c"):
        azure.accounts.add_account(AccountSpec(name=name, group="rg"))
    azure.accounts.page_sizes = (1, 0, 1, 0)

    reading = await azure.inventory.read(LISTED, seconds=30)

    assert (_names(reading), reading.gap) == (["a", "b", "c"], None)


async def test_accounts_of_other_kinds_are_counted_and_named(azure: Azure) -> None:
    """Kinds compare in any case; what is left out is never dropped in silence."""
    for name, kind in (("a", "openai"), ("b", "SpeechServices"), ("c", "SpeechServices")):
        azure.accounts.add_account(AccountSpec(name=name, group="rg", kind=kind))

    reading = await azure.inventory.read(LISTED, seconds=30)

    assert _names(reading) == ["a"]
    assert reading.ignored_by_kind == {"SpeechServices": 2}
    assert {text.rpartition("/")[2] for text in reading.ignored_ids} == {"b", "c"}


@pytest.mark.parametrize(
    ("path", "value"), [("kind", None), ("properties", None), ("properties.encryption", "on")]
)
async def test_malformed_account_costs_only_itself_p7(
    azure: Azure, path: str, value: object
) -> None:
    """P7: the SDK's models would fail for the whole page."""
    azure.accounts.add_account(AccountSpec(name="good", group="rg", encryption=KEY))
    azure.accounts.add_account(AccountSpec(name="bad", group="rg")).set(path, value)

    reading = await azure.inventory.read(LISTED, seconds=30)

    assert [(a.id.name, a.malformed is None) for a in reading.accounts] == [
        ("good", True),
        ("bad", False),
    ]
    assert reading.gap is None


@pytest.mark.parametrize(
    "entry", [None, {"id": 7, "kind": "OpenAI", "properties": {}}, {"id": ELSEWHERE}]
)
async def test_entry_without_usable_id_is_a_gap_and_the_others_are_kept_p7(
    azure: Azure, entry: object
) -> None:
    """P7: it cannot be a finding, so the reading must not pass for complete."""
    azure.accounts.add_account(AccountSpec(name="bad", group="rg", raw=entry))
    azure.accounts.add_account(AccountSpec(name="good", group="rg"))

    reading = await azure.inventory.read(LISTED, seconds=30)

    assert _names(reading) == ["good"]
    assert reading.gap is not None
    assert reading.gap.reason is GapReason.MALFORMED_ACCOUNT


async def test_unregistered_provider_is_a_complete_empty_reading(azure: Azure) -> None:
    """A subscription that never used the service has no accounts: nothing to see to."""
    azure.accounts.access = Access.UNREGISTERED

    assert await azure.inventory.read(LISTED, seconds=30) == Reading()


@pytest.mark.parametrize(
    ("offer", "recorded", "reason"),
    [
        (("AAD_2015-09-01", "DisallowedOperation"), (), None),
        (("AAD_2015-09-01", "DisallowedOperation"), (ACCOUNT,), GapReason.DISALLOWED),
        (("AAD_2015-09-01", "DisallowedProvider"), (), GapReason.DISALLOWED),
        (("AzureForStudentsStarter", "DisallowedOperation"), (), GapReason.DISALLOWED),
    ],
    ids=["for the directory alone", "with accounts on record", "provider", "other offer"],
)
async def test_subscription_for_the_directory_alone_is_empty_and_others_are_gaps_p11(
    azure: Azure, offer: tuple[str, str], recorded: tuple[AccountId, ...], reason: GapReason | None
) -> None:
    """P11: each tenant may have one, and no right that can be granted would end its gap."""
    quota_id, code = offer
    azure.simulator.estate.subscription(SUBSCRIPTION).quota_id = quota_id
    azure.simulator.faults.add(Fault(path=ACCOUNTS, then=arm_error(400, code)))

    (listed,) = await azure.inventory.subscriptions()
    gap = (await azure.inventory.read(listed, recorded, seconds=30)).gap

    assert (gap.reason if gap else None) is reason
    assert gap is None or "CMK_EXCLUDE_SUBSCRIPTIONS" in str(gap.detail)


async def test_nothing_but_get_leaves_and_says_who_asks_p5(azure: Azure) -> None:
    """P5: the SDK would register the provider, a write; and Azure's support asks for the agent."""
    azure.accounts.access = Access.UNREGISTERED

    await azure.inventory.subscriptions()
    await azure.inventory.read(LISTED, seconds=30)

    asked = [request for request in azure.simulator.requests if request.path.startswith("/subscr")]
    assert [request.method for request in asked] == ["GET", "GET"]
    assert {r.headers["user-agent"] for r in asked} == {f"cmk_check/{VERSION}"}
