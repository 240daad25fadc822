"""The right to read the estate: exactly what the program asks of Azure, no more and no less."""

import json
import re
from typing import Final

import pytest

from cmk_check.inventory.gaps import (
    EXCEPTION_ACTIONS,
    KEY_ACTIONS,
    QUERY_GRAPH,
    READ_ACCOUNTS,
    READ_GROUP,
    READ_SUBSCRIPTIONS,
    WATCH_ACTIONS,
)
from local.simulator import Estate, Simulator, load_estate
from local.simulator.estate import DEFAULT_TENANT
from tests.functional import terminal_kit
from tests.guard.documents import ROOT
from tests.guard.infra.bicep_kit import PRINCIPAL, SUBSCRIPTION, TENANT, Bicep, Json, of_type
from tests.guard.infra.expressions import worked_out

ACTIONS: Final = json.loads((ROOT / "infra/scope/actions.json").read_text())
SMALL: Final = [*ACTIONS["accounts"], *ACTIONS["watch"]]
OPTIONAL: Final = [*ACTIONS["keyHealth"], *ACTIONS["exceptions"]]
GRANTED: Final = list(dict.fromkeys([*SMALL, *OPTIONAL]))
SMALL_AT_GROUP: Final = [*ACTIONS["accounts"], *ACTIONS["managementGroup"], *ACTIONS["watch"]]
GRANTED_AT_GROUP: Final = list(dict.fromkeys([*SMALL_AT_GROUP, *OPTIONAL]))
ROLE: Final = "Microsoft.Authorization/roleDefinitions"
ASSIGNMENT: Final = "Microsoft.Authorization/roleAssignments"
READER: Final = "acdd72a7-3385-48ef-bd42-f606fba81ae7"


def _asked(estate: str | Estate, **settings: str) -> set[tuple[str, str]]:
    """Return method and action of each request to Azure Resource Manager by a scan."""
    with Simulator(estate) as simulator:
        terminal_kit.run("scan", "--quiet", environment={**simulator.environment(), **settings})
        # The endpoint of the identity asks who calls by other means: no role is needed for it.
        by_role = [record for record in simulator.requests if record.authorized]
        return {(record.method, _action(record.path)) for record in by_role}


def _action(path: str) -> str:
    """Return what a request takes: the provider and the types of what it reads, without names.

    https://learn.microsoft.com/azure/role-based-access-control/permissions lists each.
    """
    _, _, found = f"/providers/Microsoft.Resources{path}".rpartition("/providers/")
    provider, *rest = found.split("/")
    return "/".join([provider, *rest[::2], "read"])


@pytest.mark.long
def test_a_scan_of_accounts_asks_for_what_the_small_role_grants() -> None:
    """One action too few is a gap in every subscription; one too many is a right for a thief."""
    asked = _asked(
        "sample", CMK_KEY_HEALTH="off", CMK_EXCEPTIONS="off", CMK_MANAGEMENT_GROUP=DEFAULT_TENANT
    )

    granted = [*ACTIONS["accounts"], *ACTIONS["managementGroup"]]
    assert asked == {*(("GET", action) for action in granted), ("POST", QUERY_GRAPH)}
    assert QUERY_GRAPH in SMALL


@pytest.mark.long
def test_a_scan_asks_for_what_the_role_grants_and_nothing_else() -> None:
    """One action too few is key health that nobody can make known."""
    estate = load_estate("keys")
    in_hsm = [each.account("managed-hsm-not-verifiable") for each in estate.subscriptions]
    (pinned,) = filter(None, in_hsm)
    pinned.set("properties.encryption.keyVaultProperties.keyVersion", "0" * 32)

    asked = _asked(estate) | _asked("exceptions")

    read = [*ACTIONS["accounts"], *OPTIONAL]
    assert {action.lower() for _, action in asked} == {action.lower() for action in read}
    assert {action for method, action in asked if method != "GET"} == {
        "Microsoft.ResourceGraph/resources/read"
    }


def test_the_program_and_the_role_name_the_same_actions() -> None:
    """What a gap says is missing must be what the template can grant."""
    assert sorted(ACTIONS["accounts"]) == sorted([READ_ACCOUNTS, READ_SUBSCRIPTIONS])
    assert ACTIONS["managementGroup"] == [READ_GROUP]
    assert sorted(ACTIONS["keyHealth"]) == sorted(KEY_ACTIONS)
    assert sorted(ACTIONS["watch"]) == sorted(WATCH_ACTIONS)
    assert sorted(ACTIONS["exceptions"]) == sorted(EXCEPTION_ACTIONS)
    # A wildcard, or a verb like listKeys/action, would be more than anybody was told (P5).
    assert [each for each in GRANTED_AT_GROUP if not re.fullmatch(r"[\w./]+/read", each)] == []


GROUP: Final = "/providers/Microsoft.Management/managementGroups/mg-ai"
EACH: Final = [f"/subscriptions/{SUBSCRIPTION}", f"/subscriptions/{TENANT}"]


@pytest.mark.parametrize(
    ("parameters", "group", "scopes", "actions"),
    [
        ("scope/management_group.bicepparam", "mg-ai", [GROUP], GRANTED_AT_GROUP),
        ("scope/subscriptions.bicepparam", None, EACH, GRANTED),
    ],
)
def test_the_templates_grant_the_role_to_the_app_and_no_more(
    compiler: Bicep, parameters: str, group: str | None, scopes: list[str], actions: list[str]
) -> None:
    """With a data action the role could not be assigned at a management group at all.

    A tenant may have a limited number of roles: a list of subscriptions has one.
    """
    resources = worked_out(compiler.snapshot(parameters, management_group=group))
    (role,) = of_type(resources, ROLE)
    granted = of_type(resources, ASSIGNMENT)

    assert len(resources) == 1 + len(granted)
    assert role["properties"]["permissions"] == [
        {"actions": actions, "notActions": [], "dataActions": [], "notDataActions": []}
    ]
    assert role["properties"]["assignableScopes"] == scopes
    assert [one["id"].split(f"/providers/{ASSIGNMENT}/")[0] for one in granted] == scopes
    for one in granted:
        assert one["properties"]["principalId"] == PRINCIPAL
        assert one["properties"]["roleDefinitionId"].endswith(f"/{ROLE}/{role['name']}")


def _granted_to(compiler: Bicep, principal: str, *, key_health: bool) -> list[Json]:
    """Return what both templates grant to an app, below a group and on a subscription of it.

    Without key health it reads no exceptions either.
    """
    wanted = str(key_health).lower()
    given = f"param principalId = '{principal}'\nparam keyHealth = {wanted}\n"
    given += f"param exceptions = {wanted}\n"
    ids = f"param subscriptionIds = ['{SUBSCRIPTION}']\n"
    group = f"using 'management_group.bicep'\n{given}"
    each = f"using 'subscriptions.bicep'\n{given}{ids}"
    group = compiler.write(f"scope/group_{principal}_{key_health}.bicepparam", group)
    each = compiler.write(f"scope/each_{principal}_{key_health}.bicepparam", each)
    return worked_out(  # type: ignore[no-any-return]
        [*compiler.snapshot(group, management_group="mg-ai"), *compiler.snapshot(each)]
    )


@pytest.mark.parametrize(
    ("key_health", "at_group", "at_subscription"),
    [(False, SMALL_AT_GROUP, SMALL), (True, GRANTED_AT_GROUP, GRANTED)],
)
def test_the_role_has_what_is_asked_for(
    compiler: Bicep, at_group: list[str], at_subscription: list[str], *, key_health: bool
) -> None:
    """Who keeps vaults and roles to himself must be able to."""
    roles = of_type(_granted_to(compiler, PRINCIPAL, key_health=key_health), ROLE)

    granted = [role["properties"]["permissions"][0]["actions"] for role in roles]
    assert granted == [at_group, at_subscription]


def test_two_apps_in_one_scope_do_not_touch_each_others_role(compiler: Bicep) -> None:
    """A test app with four actions would take the other nine from the app in production."""
    production = _granted_to(compiler, PRINCIPAL, key_health=True)
    test = _granted_to(compiler, TENANT, key_health=False)
    both = [*production, *test]

    assert len({one["id"] for one in both}) == len(both) == 8
    assert len({role["properties"]["roleName"] for role in of_type(both, ROLE)}) == 4


def test_a_list_of_subscriptions_may_be_deployed_to_each_of_them(compiler: Bicep) -> None:
    """The role is not made again under another name, which the tenant would refuse."""
    template = compiler.compiled("scope/subscriptions.bicep")[0]["resources"]

    assert "subscription" not in template["role"]["name"]
    assert (
        "[union(createArray(subscription().id)"
        in template["role"]["properties"]["assignableScopes"]
    )
    assert template["grant"]["dependsOn"] == ["role"]


def test_an_app_that_is_granted_less_loses_the_rest(compiler: Bicep) -> None:
    """A second role beside the first would leave the old rights in place, where nobody looks."""
    more, less = (_granted_to(compiler, PRINCIPAL, key_health=each) for each in (True, False))

    assert [one["id"] for one in more] == [one["id"] for one in less]


def test_azd_lets_the_app_read_its_own_subscription_and_no_more(compiler: Bicep) -> None:
    """One command must end with a scan, and must not grant what nobody was told of (P5)."""
    given = json.loads((ROOT / "infra/main.parameters.json").read_text())["parameters"]
    values = {name: re.search("=(.*)}", entry["value"]) for name, entry in given.items()}
    defaults = {name: value[1] for name, value in values.items() if value}
    before, azd = compiler.snapshot("minimal.bicepparam"), compiler.snapshot_with(defaults)

    role, assignment = worked_out([one for one in azd if one not in before])
    assert defaults == {"readOwnSubscription": "custom"}
    assert [one for one in before if one not in azd] == []
    assert role["properties"]["permissions"] == [
        {"actions": GRANTED, "notActions": [], "dataActions": [], "notDataActions": []}
    ]
    assert role["properties"]["assignableScopes"] == [f"/subscriptions/{SUBSCRIPTION}"]
    assert assignment["id"].startswith(f"/subscriptions/{SUBSCRIPTION}/providers/{ASSIGNMENT}/")
    assert assignment["properties"]["roleDefinitionId"].endswith(f"/{ROLE}/{role['name']}")
    assert ".principalId" in assignment["properties"]["principalId"]


def test_the_simple_way_makes_no_role(compiler: Bicep) -> None:
    """Who may assign roles may often not define them."""
    text = f"using 'management_group.bicep'\nparam principalId = '{PRINCIPAL}'\n"
    path = compiler.write("scope/reader.bicepparam", f"{text}param useReader = true\n")

    (granted,) = worked_out(compiler.snapshot(path, management_group="mg-ai"))

    assert granted["type"] == ASSIGNMENT
    assert granted["properties"]["roleDefinitionId"].endswith(f"/roleDefinitions/{READER}")


def test_each_action_has_the_request_that_needs_it() -> None:
    """A right whose use cannot be shown is one to refuse."""
    reasons = json.loads((ROOT / "infra/scope/reasons.json").read_text())
    watched = reasons.pop("watch")

    assert {group: [*each] for group, each in reasons.items()} | {"watch": [*watched]} == ACTIONS
    for action, reason in [pair for each in reasons.values() for pair in each.items()]:
        assert _action(reason["request"].partition(" ")[2]) == action
