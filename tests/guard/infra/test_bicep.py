"""The templates by themselves: they compile, lint and read well, and both entries are alike."""

import json
import re
from typing import Final

import pytest

from tests.guard.infra.bicep_kit import INFRA, PARAMETERS, TEMPLATES, Bicep

RULES = json.loads((INFRA / "bicepconfig.json").read_text())["analyzers"]["core"]["rules"]


@pytest.mark.parametrize("path", [*TEMPLATES, *PARAMETERS])
def test_it_compiles_and_lints_without_a_warning(compiler: Bicep, path: str) -> None:
    """A misspelt property is no more than a warning, and is left out when deployed.

    A layout of one's own makes each change look like many.
    """
    assert compiler.compiled(path)[1] == []
    assert compiler.formatted(path) == (INFRA / path).read_text()


def test_each_rule_of_the_linter_is_an_error() -> None:
    """A warning scrolls by in a deployment."""
    assert {rule["level"] for rule in RULES.values()} == {"error"}


@pytest.mark.parametrize("path", TEMPLATES)
def test_each_parameter_says_what_it_is_for_and_whether_it_is_needed(
    compiler: Bicep, path: str
) -> None:
    """The description is all that a portal or an editor shows."""
    template = compiler.compiled(path)[0]
    optional = {
        name: "defaultValue" in one or one.get("nullable", False)
        for name, one in template.get("parameters", {}).items()
    }

    said = {
        name: one.get("metadata", {}).get("description", "")
        for name, one in template.get("parameters", {}).items()
    }

    for name, text in said.items():
        assert re.fullmatch(r"(Required|Optional)\. [A-Z].*\.", text), name
        assert text.startswith("Optional") == optional[name], name
    for name, one in template.get("outputs", {}).items():
        assert one.get("metadata", {}).get("description"), name


GROUP: Final = "Microsoft.Resources/resourceGroups"
GIVEN: Final = """
param environmentName = 'example'
param location = 'westeurope'
param tags = { team: 'security' }
param privateNetwork = true
"""


# Whoever deploys to the subscription may watch it.
GIVEN_BY_MAIN: Final = {"watchSubscription": True}


def test_both_entries_take_the_same_parameters(compiler: Bicep) -> None:
    """What is an option of one only is missed by whoever may not use the other."""
    group = compiler.compiled("group.bicep")[0]["parameters"]
    group = {name: group[name] for name in group if name not in GIVEN_BY_MAIN}
    subscription = compiler.compiled("main.bicep")[0]["parameters"]

    # A role on the subscription takes rights that people of one group do not have.
    assert subscription.keys() - group.keys() == {"resourceGroupName", "readOwnSubscription"}
    # Only a group has a region of its own.
    assert {name: group[name] for name in group if name != "location"} == {
        name: subscription[name] for name in group if name != "location"
    }
    # Only what is checked before the group is made leaves nothing behind.
    main, own = (
        compiler.compiled(path)[0]["variables"]["faults"] for path in ("main.bicep", "group.bicep")
    )
    assert main == own


def test_the_subscription_hands_each_parameter_on(compiler: Bicep) -> None:
    """An option that gets lost on the way is believed to be on."""
    resources = compiler.compiled("main.bicep")[0]["resources"]
    group = compiler.compiled("group.bicep")[0]

    handed = resources["app"]["properties"]["parameters"]

    given = {name: f"[parameters('{name}')]" for name in group["parameters"]} | GIVEN_BY_MAIN
    assert handed == {name: {"value": value} for name, value in given.items()}


def test_an_existing_group_is_left_as_it_is(compiler: Bicep) -> None:
    """Its tags say who pays for it: a deployment of the group would replace them."""
    written = {
        path: compiler.write(f"in_{path}param", f"using '{path}'\n{GIVEN}{more}")
        for path, more in (("main.bicep", ""), ("group.bicep", "param watchSubscription = true"))
    }
    main = compiler.snapshot(written["main.bicep"])
    group = compiler.snapshot(written["group.bicep"], resource_group="rg-example")

    assert [one for one in main if one["type"] != GROUP] == group
