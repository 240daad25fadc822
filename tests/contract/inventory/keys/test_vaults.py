"""The vault behind an account is found wherever it lies; what is not seen is not called gone.

Where vaults were found earlier helps all accounts that name them, and misleads none.
"""

import pytest

from cmk_check.core.enums import GapReason
from cmk_check.core.keys.facts import Vault
from cmk_check.core.unread import Absent
from cmk_check.inventory.gaps import READ_HSMS, READ_VAULTS
from local.simulator import Access, Answer, VaultSpec, arm_error
from tests.contract.inventory.azure_kit import KEY_VAULT, OTHER, Azure, unread, uri_of
from tests.contract.inventory.conftest import GRAPH, graph_answer

STALE = KEY_VAULT.replace("rg-keys", "rg-old")


@pytest.fixture(autouse=True)
def _groups(azure: Azure) -> None:
    """Let a vault be gone from its group, and not with it."""
    for name in ("rg-keys", "rg-old"):
        azure.vaults.add_group(name)


async def test_vault_of_another_subscription_is_found_by_its_name(azure: Azure) -> None:
    """An account says neither subscription nor group of its vault, and may spell it in capitals."""
    azure.add_vault("KV-a", group="Rg-Keys")
    azure.add_vault("kv-b")
    account = azure.add_account("HTTPS://KV-A.Vault.Azure.net")

    vault = (await azure.facts_of(account)).vault

    assert isinstance(vault, Vault)
    assert (vault.id, vault.uri) == (KEY_VAULT, "https://kv-a.vault.azure.net/")
    assert (vault.soft_delete, vault.purge_protection, vault.malformed) == (True, True, None)
    assert (azure.costs()["graph"], azure.costs()["vaults"]) == (1, 1)


@pytest.mark.parametrize(
    "known",
    [
        KEY_VAULT.replace("kv-a", "kv-b"),
        KEY_VAULT.replace("vaults", "managedhsms"),
        KEY_VAULT.replace("rg-keys", ".."),
        f"{KEY_VAULT}/keys/cmk",
    ],
)
async def test_known_id_of_another_vault_is_not_asked(azure: Azure, known: str) -> None:
    """The account may have moved to another vault since, and a row may hold anything."""
    azure.add_vault()
    azure.add_vault("kv-b")
    account = azure.add_account()

    vault = (await azure.facts_of(account, known)).vault

    assert isinstance(vault, Vault)
    assert vault.id == KEY_VAULT
    assert (azure.costs()["graph"], azure.costs()["vaults"]) == (1, 1)


async def test_vault_that_moved_is_found_again(azure: Azure) -> None:
    """A vault keeps name and keys when it is moved to another group: nothing is broken."""
    azure.add_vault(group="rg-new")
    account = azure.add_account()

    vault = (await azure.facts_of(account, KEY_VAULT)).vault

    assert isinstance(vault, Vault)
    assert vault.id == KEY_VAULT.replace("rg-keys", "rg-new")


@pytest.mark.parametrize(
    ("code", "gap"),
    [
        ("ResourceNotFound", None),
        ("ResourceGroupNotFound", None),
        ("VaultNotFound", None),
        ("NotFound", None),
        ("InvalidResourceType", GapReason.API_VERSION_UNSUPPORTED),
        ("InvalidResourceNamespace", GapReason.UNEXPECTED_RESPONSE),
        ("ParentResourceNotFound", GapReason.UNEXPECTED_RESPONSE),
        ("", GapReason.UNEXPECTED_RESPONSE),
    ],
)
async def test_known_vault_is_absent_only_where_azure_says_so_p2(
    azure: Azure, code: str, gap: GapReason | None
) -> None:
    """P2: "broken" wakes people; a type that a cloud does not know is no vault that is gone."""
    account = azure.add_account()
    azure.answer("*/vaults/kv-a", arm_error(404, code))

    vault = (await azure.facts_of(account, KEY_VAULT)).vault

    assert isinstance(vault, Absent) is (gap is None)
    assert vault.id == KEY_VAULT
    if gap:
        assert unread(vault).reason is gap


async def test_vault_of_a_subscription_that_azure_does_not_find_is_unread_p2_p11(
    azure: Azure,
) -> None:
    """P2 and P11: Azure says so of subscriptions, too, in which the identity may do nothing."""
    azure.vaults.access = Access.NOT_FOUND
    account = azure.add_account()

    hidden = (await azure.facts_of(account, KEY_VAULT)).vault
    azure.add_vault()
    azure.vaults.access = Access.READER
    azure.new_slice()

    gap = unread(hidden)
    assert (gap.reason, gap.missing_action) == (GapReason.NOT_FOUND, READ_VAULTS)
    assert hidden.id == KEY_VAULT
    assert isinstance((await azure.facts_of(account, KEY_VAULT)).vault, Vault)


@pytest.mark.parametrize(
    ("uri", "action"),
    [
        ("https://kv-a.vault.azure.net/", READ_VAULTS),
        ("https://hsm-a.managedhsm.azure.net/", READ_HSMS),
    ],
)
async def test_vault_never_seen_is_unread_until_it_may_be_read_p2_p11(
    azure: Azure, uri: str, action: str
) -> None:
    """P2: Azure hides what may not be read, so hidden is not gone. P11: granting it ends it."""
    azure.add_vault()
    azure.add_vault("hsm-a", hsm=True)
    account = azure.add_account(uri)
    denial = azure.simulator.estate.denials.add(action, f"/subscriptions/{OTHER}")

    hidden = (await azure.facts_of(account)).vault
    azure.simulator.estate.denials.remove(denial)
    azure.new_slice()
    granted = (await azure.facts_of(account)).vault

    gap = unread(hidden)
    assert (gap.reason, gap.missing_action) == (GapReason.FORBIDDEN, action)
    assert isinstance(granted, Vault)


async def test_vault_that_only_the_graph_still_lists_is_absent(azure: Azure) -> None:
    """The graph is minutes late, Azure Resource Manager is not."""
    azure.vaults.vaults.add(VaultSpec(name="kv-a", group="rg-keys", deleted=True))
    account = azure.add_account()

    assert (await azure.facts_of(account)).vault == Absent(KEY_VAULT)


@pytest.mark.parametrize("listed_first", ["old", "new"])
async def test_of_two_vaults_of_one_name_the_one_that_is_there_counts(
    azure: Azure, listed_first: str
) -> None:
    """A vault moved just now is listed under both ids for a while."""
    azure.add_vault(group="rg-new")
    ids = [KEY_VAULT, KEY_VAULT.replace("rg-keys", "rg-new")]
    rows = [{"id": i, "name": "kv-a", "type": "microsoft.keyvault/vaults"} for i in ids]
    azure.answer(GRAPH, graph_answer(*(rows if listed_first == "old" else rows[::-1])))
    account = azure.add_account()

    vault = (await azure.facts_of(account)).vault

    assert isinstance(vault, Vault)
    assert vault.id == ids[1]


@pytest.mark.parametrize("uri", [None, "", "https://kv-a.test/", "https://a'b.vault.x.y"])
async def test_account_without_usable_address_of_a_vault_asks_for_none_p10(
    azure: Azure, uri: str | None
) -> None:
    """P10: what is no vault's name gets into no query; and the sentence says what to set."""
    account = azure.add_account(uri)

    facts = await azure.facts_of(account)

    assert "Set the key again" in (unread(facts.vault).detail or "")
    assert (facts.key, facts.grants) == (None, None)
    assert azure.costs() == {}


async def test_vault_of_another_address_is_not_taken_for_this_one(azure: Azure) -> None:
    """A key of the same name may be in it, and be healthy."""
    azure.add_vault(vaultUri="https://kv-a.vault.azure.cn/")
    account = azure.add_account()

    vault = (await azure.facts_of(account)).vault

    assert unread(vault).reason is GapReason.UNEXPECTED_RESPONSE


async def test_managed_hsm_is_read_as_one(azure: Azure) -> None:
    """A vault of the same name is another thing, and roles of its own decide in it."""
    azure.add_vault("hsm-a")
    azure.add_vault("hsm-a", hsm=True, enableRbacAuthorization=True)
    account = azure.add_account("https://hsm-a.managedhsm.azure.net/")

    facts = await azure.facts_of(account)

    assert isinstance(facts.vault, Vault)
    assert facts.vault.is_managed_hsm
    assert facts.vault.id == KEY_VAULT.replace("vaults/kv-a", "managedhsms/hsm-a")
    assert facts.grants is None


_NONE = {"totalRecords": 0, "data": []}
GRAPH_TROUBLE: dict[str, Answer] = {
    "cut off": graph_answer(truncated=True),
    "fewer rows than there are": Answer(
        body=_NONE | {"totalRecords": 1, "resultTruncated": "false"}
    ),
    "does not say whether it is cut off": Answer(body=_NONE),
    "row without id": graph_answer({"name": "kv-a"}),
    "token that is none": Answer(body=_NONE | {"resultTruncated": "false", "$skipToken": 7}),
    "without end": Answer(body=_NONE | {"resultTruncated": "true", "$skipToken": "more"}),
}


@pytest.mark.parametrize("then", GRAPH_TROUBLE.values(), ids=GRAPH_TROUBLE)
async def test_query_that_is_not_answered_in_full_finds_nothing_absent_p2(
    azure: Azure, then: Answer
) -> None:
    """P2: even of a vault that is no longer in its place: it may have moved."""
    azure.answer(GRAPH, then)
    account = azure.add_account()

    vault = (await azure.facts_of(account, KEY_VAULT)).vault

    assert "was deleted" not in (unread(vault).detail or "")
    assert vault.id == KEY_VAULT


async def test_answer_of_several_pages_is_read_to_its_end(azure: Azure) -> None:
    """The vault that is wanted may be on the last one."""
    azure.simulator.arm.graph.per_page = 1
    accounts = []
    for name in ("kv-a", "kv-b", "kv-c"):
        azure.add_vault(name)
        accounts.append(azure.add_account(uri_of(name), name=name))

    facts = await azure.keys.read(accounts, {}, seconds=30)

    assert [type(each.vault) for each in facts.values()] == [Vault] * 3
    assert azure.costs()["graph"] == 3


async def test_vault_that_left_a_subscription_that_is_hidden_now_is_found_again(
    azure: Azure,
) -> None:
    """A vault may be moved out of a subscription before that is deleted."""
    third = azure.simulator.estate.add_subscription(OTHER[:-1] + "3", "New")
    third.vaults.add(VaultSpec(name="kv-a", group="rg-keys"))
    azure.vaults.access = Access.NOT_FOUND

    vault = (await azure.facts_of(azure.add_account(), KEY_VAULT)).vault

    assert isinstance(vault, Vault)
    assert vault.id == KEY_VAULT.replace(OTHER, third.id)


@pytest.mark.parametrize("stale", ["a", "b"])
async def test_id_that_one_account_kept_too_long_harms_no_other_p2(
    azure: Azure, stale: str
) -> None:
    """P2 and P8: where another account found the vault, this one finds it too, without a query."""
    azure.add_vault()
    accounts = [azure.add_account(name=name) for name in "ab"]
    known = {a.id.text: STALE if a.id.name == stale else KEY_VAULT for a in accounts}

    facts = await azure.keys.read(accounts, known, seconds=30)

    assert [type(each.vault) for each in facts.values()] == [Vault] * 2
    assert [each.vault.id for each in facts.values()] == [KEY_VAULT] * 2
    assert azure.costs()["graph"] == 0


async def test_place_where_another_account_lost_its_vault_is_not_this_ones_p2(azure: Azure) -> None:
    """P2: of an account that never had it there, nobody can say that it is gone."""
    old, new = azure.add_account(name="old"), azure.add_account(name="new")

    facts = await azure.keys.read([old, new], {old.id.text: STALE}, seconds=30)

    assert facts[old.id.text].vault == Absent(STALE)
    never = facts[new.id.text].vault
    assert (unread(never).missing_action, never.id) == (READ_VAULTS, None)


@pytest.mark.parametrize("stale", [STALE, None])
async def test_vault_is_not_gone_where_another_account_knows_a_place_that_cannot_be_read_p2(
    azure: Azure, stale: str | None
) -> None:
    """P2: it may lie there; and each account goes on to remember its own place alone."""
    accounts = old, new = azure.add_account(name="old"), azure.add_account(name="new")
    azure.answer("*/resourcegroups/rg-keys/*/vaults/kv-a", arm_error(403, "AuthorizationFailed"))
    known = {new.id.text: KEY_VAULT} | ({} if stale is None else {old.id.text: stale})

    facts = await azure.keys.read(accounts, known, seconds=30)

    vaults = [facts[account.id.text].vault for account in accounts]
    assert [unread(vault).missing_action for vault in vaults] == [READ_VAULTS] * 2
    assert [vault.id for vault in vaults] == [stale, KEY_VAULT]


async def test_query_that_fails_leaves_each_account_its_own_place(azure: Azure) -> None:
    """Where it was is all there is to tell later that it is gone."""
    places = (STALE, STALE.replace("rg-old", "rg-older"), None)
    accounts = [azure.add_account(name=f"a{number}") for number in range(3)]
    azure.vaults.add_group("rg-older")
    azure.answer(GRAPH, arm_error(403, "AuthorizationFailed"))
    known = {a.id.text: place for a, place in zip(accounts, places, strict=True) if place}

    facts = await azure.keys.read(accounts, known, seconds=30)

    assert [facts[account.id.text].vault.id for account in accounts] == list(places)
