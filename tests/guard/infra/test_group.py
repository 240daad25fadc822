"""The two entries: a group of its own, and an existing group, which is left as it is."""

from typing import Final

from tests.guard.infra.bicep_kit import Bicep

GROUP: Final = "Microsoft.Resources/resourceGroups"
GIVEN: Final = """
param environmentName = 'example'
param location = 'westeurope'
param tags = { team: 'security' }
param privateNetwork = true
"""


def test_both_entries_take_the_same_parameters(compiler: Bicep) -> None:
    """What is an option of one only is missed by whoever may not use the other."""
    group = compiler.compiled("group.bicep")[0]["parameters"]
    subscription = compiler.compiled("main.bicep")[0]["parameters"]

    assert subscription.keys() - group.keys() == {"resourceGroupName"}
    # Only a group has a region of its own.
    assert {name: group[name] for name in group if name != "location"} == {
        name: subscription[name] for name in group if name != "location"
    }


def test_the_subscription_hands_each_parameter_on(compiler: Bicep) -> None:
    """An option that gets lost on the way is believed to be on."""
    resources = compiler.compiled("main.bicep")[0]["resources"]
    group = compiler.compiled("group.bicep")[0]

    handed = resources["app"]["properties"]["parameters"]

    assert handed == {name: {"value": f"[parameters('{name}')]"} for name in group["parameters"]}


def test_both_check_the_same_contradictions(compiler: Bicep) -> None:
    """Only what is checked before the group is made leaves nothing behind."""
    main, group = (
        compiler.compiled(path)[0]["variables"]["faults"] for path in ("main.bicep", "group.bicep")
    )

    assert main == group


def test_an_existing_group_is_left_as_it_is(compiler: Bicep) -> None:
    """Its tags say who pays for it: a deployment of the group would replace them."""
    written = {
        path: compiler.write(f"in_{path}param", f"using '{path}'\n{GIVEN}")
        for path in ("main.bicep", "group.bicep")
    }
    main = compiler.snapshot(written["main.bicep"])
    group = compiler.snapshot(written["group.bicep"], resource_group="rg-example")

    assert [one for one in main if one["type"] != GROUP] == group
