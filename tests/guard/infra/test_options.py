"""What each option adds to the smallest deployment, and nothing else: see ``options.toml``."""

import json
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from cmk_check.config.ncrontab import longest_pause
from cmk_check.core.kinds import KINDS
from tests.guard.infra.bicep_kit import (
    INFRA,
    PRINCIPAL,
    SUBSCRIPTION,
    TENANT,
    Bicep,
    Json,
    RefusedError,
    only,
)
from tests.guard.infra.expressions import worked_out


def differences(before: list[Json], after: list[Json]) -> list[str]:
    """Return a line per resource that came or went, and per value that differs.

    To Azure null is the same as unset.
    """
    old, new = _named(before), _named(after)
    lines = [f"- {name}" for name in old.keys() - new.keys()]
    lines += [f"+ {name}" for name in new.keys() - old.keys()]
    for name in old.keys() & new.keys():
        was, now = dict(_leaves(old[name])), dict(_leaves(new[name]))
        lines += [
            f"~ {name} {path[1:]}: {was.get(path, 'unset')} -> {now.get(path, 'unset')}"
            for path in was.keys() | now.keys()
            if was.get(path) != now.get(path)
        ]
    return sorted(lines)


def _named(resources: list[Json]) -> dict[str, Any]:
    """Map the last part of the type, and the name without the token, to what is said of it."""
    token = only(resources, "Microsoft.Web/sites")["name"].removeprefix("func-cmk-")
    found = {}
    for resource in worked_out(resources):
        kind = resource["type"].partition("/")[2]
        said = {key: one for key, one in resource.items() if key not in {"id", "name", "type"}}
        # What belongs to another resource, such as its logs, has the other's name before its own.
        other, _, own = resource["id"].rpartition("/providers/")
        name = resource["name"] if "/providers/" not in other else f"{other}/{own}"
        found[f"{kind} {_short(name, token)}"] = _shortened(said, token)
    assert len(found) == len(resources)
    return found


def _short(text: str, token: str) -> str:
    """Leave out what says nothing: the subscription, the app's own group, the token."""
    for part in (f"/subscriptions/{SUBSCRIPTION}/", "resourceGroups/rg-example/providers/"):
        text = text.replace(part, "")
    return text.replace(f"-{token}", "").replace(token, "")


def _shortened(value: Any, token: str) -> Any:  # noqa: ANN401 - it is JSON
    if isinstance(value, dict):
        return {_short(key, token): _shortened(item, token) for key, item in value.items()}
    if isinstance(value, list):
        return [_shortened(item, token) for item in value]
    return _short(value, token) if isinstance(value, str) else value


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - as above
    """Yield each value that holds no others, with its path; of a text, each line."""
    parts = _parts(value)
    if isinstance(parts, dict | list) and parts:
        items = parts.items() if isinstance(parts, dict) else enumerate(parts)
        for key, item in items:
            yield from _leaves(item, f"{path}.{key}")
    else:
        yield path, value


def _parts(value: Any) -> Any:  # noqa: ANN401
    """Return the lines of a text, and what is in one that is JSON."""
    if isinstance(value, str) and value.startswith("{"):
        return json.loads(value)
    return value.splitlines() if isinstance(value, str) and "\n" in value else value


OPTIONS: Final = tomllib.loads(Path(__file__).with_name("options.toml").read_text())
# Names are in every id, and tags are on everything: test_snapshots.py looks at both.
EVERYWHERE: Final = {"names", "resourceGroupName", "tags"}
pytestmark = pytest.mark.long
PRIVATE: Final[dict[str, Any]] = OPTIONS["private network"]["added"]
SECRET: Final = OPTIONS["webhook"]["added"]["webhookUrlSecretUri"]
SUBNETS: Final[dict[str, Any]] = OPTIONS["existing subnets"]["added"]
KEY: Final[dict[str, Any]] = OPTIONS["key of the customer"]["added"]
SITE: Final[dict[str, Any]] = OPTIONS["private site"]["added"]
SITE_ZONE: Final[dict[str, Any]] = OPTIONS["existing DNS zone of the site"]["added"]
GROUP: Final = "Microsoft.Resources/resourceGroups@2025-04-01"
NEED_A_NETWORK: Final = ("private link scope", "private site", "address space", "route table")
ROUTES: Final[dict[str, Any]] = OPTIONS["routes"]["added"]
ZONES: Final = OPTIONS["existing DNS zones"]["added"]["privateDnsZoneIds"]


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_adds_this_and_nothing_else(compiler: Bicep, name: str) -> None:
    """Who switches one thing on must not find another one switched off."""
    option = OPTIONS[name]
    before = option.get("before", {})

    found = differences(
        compiler.snapshot_with(before), compiler.snapshot_with(before | option["added"])
    )

    assert found == option["changes"].splitlines()


def test_each_option_is_looked_at(compiler: Bicep) -> None:
    """An option that is not in the table may do anything."""
    parameters = compiler.compiled("main.bicep")[0]["parameters"]
    required = {"environmentName", "location"}
    optional = {name for option in OPTIONS.values() for name in option["added"]}

    assert required | EVERYWHERE | optional == parameters.keys()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (PRIVATE | {"appSubnetId": SUBNETS["appSubnetId"]}, "or neither"),
        (PRIVATE | {"endpointSubnetId": SUBNETS["endpointSubnetId"]}, "or neither"),
        (SUBNETS, "need privateNetwork"),
        ({"privateDnsZones": "none"}, "need privateNetwork"),
        *((OPTIONS[name]["added"], "need privateNetwork") for name in NEED_A_NETWORK),
        (PRIVATE | SUBNETS | {"addressSpace": "10.0.0.0/25"}, "existing subnets, or the"),
        (PRIVATE | {"addressSpace": "10.0.0.0/28"}, "addressSpace .*/28 .*at least a /27.*three"),
        (
            PRIVATE | SITE | {"addressSpace": "10.0.0.0/27"},
            "addressSpace .*/27 .*at least a /26.*four",
        ),
        (PRIVATE | SUBNETS | OPTIONS["route table"]["added"], "existing subnets, or the"),
        (PRIVATE | SITE | {"privateDnsZones": "existing", "privateDnsZoneIds": ZONES}, "Ids.site"),
        (PRIVATE | SITE_ZONE, "Ids.site"),
        (PRIVATE | {"privateDnsZones": "existing"}, "and privateDnsZoneIds"),
        (PRIVATE | {"privateDnsZoneIds": ZONES}, "and privateDnsZoneIds"),
        (PRIVATE | {"privateDnsZones": "existing", "privateDnsZoneIds": {"blob": "x"}}, "queue"),
        *(({name: "x"}, "storageKeyIdentityId, ") for name in KEY),
        *((KEY | {name: ""}, "storageKeyIdentityId, ") for name in KEY),
        ({"entraAllowedGroupIds": [PRINCIPAL]}, "need entraClientId"),
        ({"entraAllowedObjectIds": [PRINCIPAL]}, "need entraClientId"),
        ({"entraClientId": PRINCIPAL, "entraAllowedGroupIds": ["a group"]}, "too short.* 36"),
        (
            {"existingActionGroupId": "x", "alertEmails": ["a@example.com"]},
            "either existingActionGroupId or",
        ),
        ({"alertEmails": [""]}, "too short"),
        ({"alertsInLinkedStorage": True}, "needs existingWorkspaceId"),
        ({"sentinel": True}, "sentinel needs existingWorkspaceId"),
        ({"webhookSigningSecretUri": "https://x"}, "needs webhookUrlSecretUri"),
        ({"settings": ROUTES["settings"]}, "both routeSecretUris and CMK_ROUTES"),
        ({"routeSecretUris": ROUTES["routeSecretUris"]}, "both routeSecretUris and CMK_ROUTES"),
        (ROUTES | {"webhookUrlSecretUri": "https://x"}, "either routeSecretUris or"),
        (ROUTES | {"routeSecretUris": {"soc": {"secret": "https://x"}}}, "url"),
        ({"settings": {"CMK_KIND": "OpenAI"}}, "must not contain CMK_KIND:"),
        ({"names": {"alertRule": "x"}}, "names.alertRule must contain"),
        ({"names": {"privateEndpoint": "x"}}, "names.privateEndpoint must contain"),
        ({"names": {"site": "x"}}, "site"),
        ({"scanSchedule": "nonsense"}, "scanSchedule must be an NCRONTAB"),
        ({"scanSchedule": "0 at 5 * * *"}, "scanSchedule must be an NCRONTAB"),
        ({"watchSchedule": "often"}, 'watchSchedule must be "off", or'),
        ({"digestSchedule": "weekly"}, 'digestSchedule must be "off", or'),
        (
            {"webhookUrlSecretUri": SECRET.replace("https", "http")},
            "webhookUrlSecretUri must be the",
        ),
        ({"webhookUrlSecretUri": "https://hooks.example.com/x"}, "webhookUrlSecretUri must be the"),
        ({"webhookSigningSecretUri": "https://x"}, "webhookSigningSecretUri must be the"),
        (ROUTES | {"routeSecretUris": {"soc": {"url": "https://x"}}}, r"soc\.url must be the"),
        (
            ROUTES | {"routeSecretUris": {"soc": {"url": SECRET, "secret": "x"}}},
            r"soc\.secret must be the",
        ),
        *(
            (PRIVATE | SUBNETS | {name: wrong}, f"{name} must be the id of .*/subnets/")
            for name in SUBNETS
            for wrong in ("app", SUBNETS[name].rpartition("/subnets/")[0])
        ),
        *(
            ({name: "/subscriptions/x"}, f"{name} must be the id of an existing resource, like ")
            for name in (
                "existingActionGroupId",
                "existingWorkspaceId",
                "privateLinkScopeId",
                "routeTableId",
                "storageKeyIdentityId",
            )
        ),
        ({"privateDnsZoneIds": {**ZONES, "table": "table"}}, "privateDnsZoneIds must be the id"),
        ({"settings": {"CMK_KINDS": "Foo"}}, "CMK_KINDS in settings must name at least one kind"),
        ({"maxAgeMinutes": 14}, "14. is too small"),
        ({"maxAgeMinutes": 2821}, "2821. is too large"),
        (
            SUBNETS | {"webhookSigningSecretUri": "https://x"},
            "need privateNetwork.*needs webhookUrlSecretUri",
        ),
    ],
)
def test_a_contradiction_ends_the_deployment(compiler: Bicep, given: Json, said: str) -> None:
    """What is left out without a word is believed to be there; all of it is said at once."""
    with pytest.raises(RefusedError, match=said):
        compiler.snapshot_with(given)


@pytest.mark.parametrize(
    ("schedule", "least"),
    [
        ("0 0 */6 * * *", 360),
        ("0 */10 */2 * * *", 61),
        ("0 0,30 8-18 * * 1-5", 781),
        ("0 15 6,14,22 * * *", 480),
        ("*/20 * * * *", 20),
    ],
)
def test_a_result_must_stay_fresh_from_one_scan_to_the_next(
    compiler: Bicep, schedule: str, least: int
) -> None:
    """What the schedule certainly leaves is refused, and never an age that is enough."""
    assert least <= longest_pause(schedule) / timedelta(minutes=1)
    compiler.snapshot_with({"scanSchedule": schedule, "maxAgeMinutes": least})
    with pytest.raises(RefusedError, match=f"is {least - 1}, but .* leaves {least} minutes"):
        compiler.snapshot_with({"scanSchedule": schedule, "maxAgeMinutes": least - 1})


def test_the_template_knows_the_kinds() -> None:
    """What it refuses must be what the app refuses."""
    kinds = json.loads((INFRA / "modules/kinds.json").read_text())

    assert kinds == [kind.lower() for kind in KINDS]


@pytest.mark.parametrize(
    ("given", "prefixes"),
    [
        (PRIVATE | {"addressSpace": "10.0.0.0/27"}, ["10.0.0.0/28", "10.0.0.16/29"]),
        (PRIVATE | SITE | {"addressSpace": "10.0.0.0/26"}, ["10.0.0.0/27", "10.0.0.32/28"]),
    ],
)
def test_the_smallest_network_holds_the_app_and_every_endpoint(
    compiler: Bicep, given: Json, prefixes: list[str]
) -> None:
    """Azure keeps five addresses of a subnet, and takes no smaller one for the app than a /28."""
    created = compiler.snapshot_with(given)

    subnets = only(created, "Microsoft.Network/virtualNetworks")["properties"]["subnets"]
    endpoints = [each for each in created if each["type"] == "Microsoft.Network/privateEndpoints"]
    found = [subnet["properties"]["addressPrefix"] for subnet in subnets]
    assert found == prefixes
    assert len(endpoints) <= 2 ** (32 - int(prefixes[1].rpartition("/")[2])) - 5


def test_a_deployment_says_who_receives_the_alerts(compiler: Bicep) -> None:
    """An action group without a receiver is as silent as an estate without news."""
    calls = {
        "nobody": "'', []",
        "addresses": "'', ['a@example.com', 'b@example.com']",
        "group": "'/subscriptions/x/providers/Microsoft.Insights/actionGroups/ag-hub', []",
    }
    tags = ", ".join(f"{name}: describeReceivers({given})" for name, given in calls.items())
    text = f"""
targetScope = 'subscription'
import {{ describeReceivers }} from 'modules/parameters.bicep'
param location string
resource group '{GROUP}' = {{
  name: 'example'
  location: location
  tags: {{ {tags} }}
}}
"""
    compiler.write("receivers.bicep", text)
    path = compiler.write(
        "receivers.bicepparam", "using 'receivers.bicep'\nparam location = 'westeurope'\n"
    )

    (created,) = compiler.snapshot(path)

    assert created["tags"] == {
        "nobody": "nobody: set alertEmails (with azd, CMK_ALERT_EMAILS) or existingActionGroupId, "
        "and deploy again",
        "addresses": "e-mail addresses: 2",
        "group": "the receivers of the action group ag-hub",
    }
    output = compiler.compiled("group.bicep")[0]["outputs"]["CMK_ALERT_RECEIVERS"]["value"]
    for name in ("existingActionGroupId", "alertEmails"):
        assert f"parameters('{name}')" in output


def test_production_turns_the_safe_options_on(compiler: Bicep) -> None:
    """Whoever takes that file must not find out later what was not in it."""
    found = differences(
        compiler.snapshot("minimal.bicepparam"), compiler.snapshot("production.bicepparam")
    )

    for name in ("private network", "zones of the region", "sign-in"):
        assert set(OPTIONS[name]["changes"].splitlines()) <= set(found)
    for part in (
        "keySource: Microsoft.Storage -> Microsoft.Keyvault",
        "emailReceivers.1.emailAddress: unset -> platform@example.com",
    ):
        assert any(line.endswith(part) for line in found)


def test_of_those_who_may_sign_in_either_list_is_enough(compiler: Bicep) -> None:
    """A list of applications would be asked as well, and would shut out who is in no group."""
    option = OPTIONS["who may sign in"]
    resources = compiler.snapshot_with(option["before"] | option["added"])
    settings = only(resources, "Microsoft.Web/sites/config", "/authsettingsV2")["properties"]

    validation = settings["identityProviders"]["azureActiveDirectory"]["validation"]
    assert validation["defaultAuthorizationPolicy"] == {
        "allowedPrincipals": {"groups": [TENANT], "identities": [PRINCIPAL]}
    }
    assert settings["globalValidation"] == {
        "requireAuthentication": True,
        "unauthenticatedClientAction": "Return401",
        # The page, which holds no data, and what load balancers ask.
        "excludedPaths": ["/api/health", "/api/dashboard", "/api/dashboard/*"],
    }
