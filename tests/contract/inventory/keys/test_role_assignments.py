"""What an identity was granted on a key arrives from wherever it was granted, and from groups."""

from dataclasses import replace

import pytest

from cmk_check.core.account import Account
from cmk_check.core.enums import GapReason
from cmk_check.core.keys.facts import Grant
from cmk_check.core.keys.permissions import get_key_user, suffices
from cmk_check.inventory.gaps import READ_ASSIGNMENTS
from local.simulator import Answer, Vault, arm_error
from local.simulator.faults import Effect
from tests.contract.inventory.azure_kit import OTHER, Azure, unread

GROUP = f"/subscriptions/{OTHER}/resourceGroups/rg-keys"
SOMEBODY = "5e8d0000-0000-4000-8000-00000000cafe"
KEYS = "Microsoft.KeyVault/vaults/keys"
ASSIGNMENTS = "*/providers/Microsoft.Authorization/roleAssignments"


@pytest.fixture
def vault(azure: Azure) -> Vault:
    """A vault in which roles decide."""
    return azure.add_rbac_vault()


async def _granted(azure: Azure, account: Account) -> tuple[Grant, ...]:
    grants = (await azure.facts_of(account)).grants
    assert isinstance(grants, tuple)
    return grants


@pytest.mark.usefixtures("vault")
@pytest.mark.parametrize(
    "scope",
    [
        f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-a/keys/cmk",
        f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-a",
        GROUP,
        f"/subscriptions/{OTHER}",
        "/providers/Microsoft.Management/managementGroups/mg-keys",
        "/",
    ],
    ids=["key", "vault", "group", "subscription", "management group", "root"],
)
async def test_role_counts_wherever_above_the_key_it_was_given(azure: Azure, scope: str) -> None:
    """Azure inherits roles; an identity that has one further up lacks nothing."""
    azure.vaults.management_groups = ("mg-keys", azure.vaults.tenant_id)
    account = azure.add_account()
    azure.grant(scope, account)

    grants = await _granted(azure, account)

    assert [grant.scope for grant in grants] == [scope.lower()]
    assert suffices(grants)
    assert azure.costs()["grants"] == 1


@pytest.mark.parametrize("identity", ["system", "user:uai-keys"])
async def test_only_what_the_user_of_the_key_was_granted_counts(
    azure: Azure, vault: Vault, identity: str
) -> None:
    """An account may have several identities, and one of them alone uses the key."""
    account = azure.add_account(identity=identity)
    if identity != "system":
        client_id = account.user_identities[0].client_id
        account = azure.add_account(name="b", identity=identity, identityClientId=client_id)
    azure.grant(vault.id, SOMEBODY)

    without = await _granted(azure, account)
    azure.grant(vault.id, account)
    azure.new_slice()

    assert without == ()
    assert suffices(await _granted(azure, account))


@pytest.mark.usefixtures("vault")
@pytest.mark.parametrize(
    "scope",
    [
        f"/subscriptions/{OTHER}/resourceGroups/rg-other",
        f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-b",
        f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-a/keys/cm",
        f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-a/keys/cmk2",
    ],
)
async def test_role_beside_the_key_does_not_count_p1(azure: Azure, scope: str) -> None:
    """P1: also where an answer should hold it, as of a filter that was not understood."""
    account = azure.add_account()
    beside = azure.grant(scope, account)
    document = beside.document(OTHER)
    azure.answer(ASSIGNMENTS, Answer(body={"value": [document]}))

    assert await _granted(azure, account) == ()


async def test_role_of_a_group_is_found_by_asking_azure_for_the_identity(
    azure: Azure, vault: Vault
) -> None:
    """Who is in a group stands in another directory; Azure follows groups, in groups too."""
    account = azure.add_account()
    grants = azure.simulator.estate.grants
    inner = grants.set_group("inner", [get_key_user(account) or ""])
    outer = grants.set_group("outer", [inner])
    azure.grant(vault.id, outer)

    assert suffices(await _granted(azure, account))
    assert azure.costs()["grants"] == 2


async def test_roles_that_only_the_first_list_shows_count_too(azure: Azure, vault: Vault) -> None:
    """Two answers are as old as they like, and Azure spreads a new role from place to place."""
    account = azure.add_account()
    new = azure.grant(vault.id, account, "Reader")
    azure.simulator.estate.grants.remove(new)
    azure.answer(ASSIGNMENTS, Answer(body={"value": [new.document(OTHER)]}), times=1)

    (grant,) = await _granted(azure, account)

    assert grant.role_id.endswith(new.role.id)
    assert azure.costs()["grants"] == 2


@pytest.mark.usefixtures("vault")
async def test_an_assignment_that_only_one_list_has_and_nobody_understands_may_be_the_one_p1(
    azure: Azure,
) -> None:
    """P1: a key must not be called out of reach because of it."""
    azure.answer(ASSIGNMENTS, Answer(body={"value": [{"properties": 7}]}), times=1)

    grants = (await azure.facts_of(azure.add_account())).grants

    assert unread(grants).reason is GapReason.MALFORMED_PAGE


@pytest.mark.usefixtures("vault")
async def test_object_id_that_is_none_gets_into_no_filter_p10(azure: Azure) -> None:
    """P10: it stands in the answer for an account, and a filter is a piece of a query."""
    account = replace(azure.add_account(), principal_id="x') or assignedTo('y")

    grants = (await azure.facts_of(account)).grants

    assert unread(grants).reason is GapReason.MALFORMED_PAGE
    assert azure.costs()["grants"] == 1


@pytest.mark.parametrize("groups", [False, True])
async def test_assignments_that_may_not_be_read_are_said_to_be_p11(
    azure: Azure,
    vault: Vault,
    groups: bool,  # noqa: FBT001 - parametrised
) -> None:
    """P11: also where only the question for groups is refused, and nothing else suffices."""
    account = azure.add_account()
    azure.simulator.estate.denials.add(READ_ASSIGNMENTS, vault.id, asking_for_groups=groups)

    gap = unread((await azure.facts_of(account)).grants)

    assert (gap.reason, gap.missing_action) == (GapReason.FORBIDDEN, READ_ASSIGNMENTS)


ODD_ROLES: dict[str, Effect] = {
    "refused": arm_error(403, "AuthorizationFailed"),
    "gone": arm_error(404, "RoleDefinitionDoesNotExist"),
    "no permissions": Answer(body={"properties": {}}),
    "patterns of numbers": Answer(body={"properties": {"permissions": [{"dataActions": [7]}]}}),
}


@pytest.mark.parametrize("then", ODD_ROLES.values(), ids=ODD_ROLES)
async def test_role_that_cannot_be_read_matters_only_where_it_may_be_the_one_p1(
    azure: Azure, vault: Vault, then: Effect
) -> None:
    """P1: what it allows is not known; with another role that suffices nobody needs to know."""
    account = azure.add_account()
    odd = azure.grant(vault.id, account, "Reader").role
    azure.answer(f"*/roleDefinitions/{odd.id}", then)

    unknown = (await azure.facts_of(account)).grants
    azure.grant(vault.id, account)
    azure.new_slice()

    assert unread(unknown).detail
    assert suffices(await _granted(azure, account))


@pytest.mark.parametrize(
    "role_id",
    [
        "/providers/Microsoft.Authorization/roleDefinitions/../../x",
        f"/subscriptions/{OTHER}/providers/Microsoft.Authorization/roleDefinitions/Reader",
        "{role}",
        7,
    ],
)
async def test_id_that_is_no_roles_gets_into_no_url_and_ends_with_a_usable_role_p10_p11(
    azure: Azure, vault: Vault, role_id: object
) -> None:
    """P10: it would be asked for with a token; P11: no support request changes its form."""
    account = azure.add_account()
    odd, good = (azure.grant(vault.id, account).document(OTHER) for _ in range(2))
    properties = odd["properties"]
    assert isinstance(properties, dict)
    properties["roleDefinitionId"] = role_id
    fault = azure.answer(ASSIGNMENTS, Answer(body={"value": [odd]}))

    gap = unread((await azure.facts_of(account)).grants)
    costs = azure.costs()
    azure.simulator.faults.remove(fault)
    azure.answer(ASSIGNMENTS, Answer(body={"value": [odd, good]}))
    azure.new_slice()

    assert gap.reason is GapReason.MALFORMED_PAGE
    assert "Assign the identity the Key Vault Crypto User role" in (gap.detail or "")
    assert (costs["grants"], costs.total()) == (2, 5)
    assert suffices(await _granted(azure, account))


async def test_role_of_the_tenant_is_read_without_a_subscription(
    azure: Azure, vault: Vault
) -> None:
    """Assignments made above subscriptions may name it so."""
    account = azure.add_account()
    document = azure.grant(vault.id, account).document(None)
    azure.answer(ASSIGNMENTS, Answer(body={"value": [document]}))

    assert suffices(await _granted(azure, account))


@pytest.mark.parametrize("group", ["Rg-(ÄÖ)_1", "İstanbul"])
async def test_group_of_resources_may_have_any_name_p1_p10(azure: Azure, group: str) -> None:
    """P1 and P10: brackets and letters of any alphabet are asked for as they are spelled."""
    vault = azure.add_rbac_vault(group=group)
    account = azure.add_account()
    azure.grant(vault.id, account)

    assert suffices(await _granted(azure, account))
    asked = [r.path for r in azure.simulator.requests if "/keys/cmk" in r.path]
    assert [path for path in asked if f"/{group}/" not in path] == []
