"""What the templates would create, worked out by the engine of deployments itself.

What keeps storage, telemetry and the site closed: ``deny_rules.toml``.
"""

import re
import sys

from cmk_check.alerts import delivery_queue
from cmk_check.ports import Table
from tests.guard.documents import ROOT
from tests.guard.infra.bicep_kit import TENANT, Bicep, Json, of_type, only
from tests.guard.infra.expressions import worked_out

ACCOUNT = "Microsoft.Storage/storageAccounts"
# https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
ROLES = {
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": "Storage Queue Data Contributor",
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "Storage Table Data Contributor",
    "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": "Reader",
}


def test_the_app_runs_the_python_that_it_was_tested_with(resources: list[Json]) -> None:
    """On another one the locked packages do not install."""
    runtime = only(resources, "Microsoft.Web/sites")["properties"]["functionAppConfig"]["runtime"]

    assert runtime == {"name": "python", "version": ".".join(map(str, sys.version_info[:2]))}


def test_the_package_lies_in_the_container_that_is_created(resources: list[Json]) -> None:
    """A container that is not there is found missing by the first deployment of the app."""
    site = only(resources, "Microsoft.Web/sites")
    storage = site["properties"]["functionAppConfig"]["deployment"]["storage"]
    container = only(resources, f"{ACCOUNT}/blobServices/containers")["name"].rpartition("/")[2]

    assert storage["value"].endswith(f".primaryEndpoints.blob{container}")
    assert storage["authentication"]["type"] == "UserAssignedIdentity"
    assert list(site["identity"]["userAssignedIdentities"]) == [
        storage["authentication"]["userAssignedIdentityResourceId"]
    ]


def test_the_storage_holds_the_tables_and_queues_of_the_code(resources: list[Json]) -> None:
    """A queue that only the app creates is not there yet when its trigger first looks."""
    read = set(re.findall(r'queue_name="([^"]+)"', (ROOT / "function_app.py").read_text()))
    # The host moves what used up its tries to the queue's own poison queue.
    poison = {f"{name}-poison" for name in read if not name.endswith("-poison")}
    written = {
        delivery_queue.DELIVERY_QUEUE,
        delivery_queue.DELIVERY_POISON_QUEUE,
        delivery_queue.CHANGES_QUEUE,
    }

    tables = of_type(resources, f"{ACCOUNT}/tableServices/tables")
    queues = of_type(resources, f"{ACCOUNT}/queueServices/queues")

    assert {one["name"].rpartition("/")[2] for one in tables} == set(Table)
    assert {one["name"].rpartition("/")[2] for one in queues} == read | poison | written


def test_the_identity_holds_four_roles_over_the_apps_own_things(resources: list[Json]) -> None:
    """One too many is a way for an intruder; one too few is an app that does not start."""
    grants = of_type(resources, "Microsoft.Authorization/roleAssignments")

    assert sorted(
        (one["id"].split("/")[-6], ROLES[one["properties"]["roleDefinitionId"][-36:]])
        for one in grants
    ) == [
        ("components", "Monitoring Metrics Publisher"),
        ("storageAccounts", "Storage Blob Data Owner"),
        ("storageAccounts", "Storage Queue Data Contributor"),
        ("storageAccounts", "Storage Table Data Contributor"),
    ]
    identity = only(resources, "Microsoft.ManagedIdentity/userAssignedIdentities")["id"]
    for one in grants:
        assert f"{identity}, " in one["properties"]["principalId"]
        assert one["properties"]["principalType"] == "ServicePrincipal"


def test_roles_are_granted_before_the_app_is_made(compiler: Bicep) -> None:
    """It takes minutes until a role is heeded; an app that starts before fails its first start."""
    modules = compiler.compiled("group.bicep")[0]["resources"]

    def before(name: str) -> set[str]:
        direct = set(modules[name].get("dependsOn", []))
        return direct.union(*map(before, direct))

    assert {"identity", "storage", "monitoring"} <= before("access")
    assert {"access", "endpoints"} <= before("app")
    assert "app" in before("signIn")


def test_azd_finds_the_app_by_the_tag_of_its_service(resources: list[Json]) -> None:
    """Without it `azd deploy` has nowhere to deploy to."""
    services = re.search(r"(?m)^services:\n  ([a-z]+):$", (ROOT / "azure.yaml").read_text())
    tagged = [one for one in resources if "azd-service-name" in one.get("tags", {})]

    assert services is not None
    assert [one["type"] for one in tagged] == ["Microsoft.Web/sites"]
    assert tagged[0]["tags"]["azd-service-name"] == services[1]


def test_whatever_can_be_tagged_says_which_environment_it_is_of(compiler: Bicep) -> None:
    """`azd down` and the bill both go by tags."""
    resources = compiler.snapshot_with({"tags": {"team": "security"}, "privateNetwork": True})

    for one in resources:
        if "location" in one:
            assert one["tags"]["team"] == "security"
            assert one["tags"]["azd-env-name"] == "example"


# What Azure or the data of the app names: the workbook and the roles are GUIDs.
NAMED_FOR_US = {
    "Microsoft.Authorization/roleAssignments",
    "Microsoft.Insights/workbooks",
    "Microsoft.Network/privateDnsZones",
}


def test_each_name_can_be_given(compiler: Bicep) -> None:
    """Companies have rules for names, and policies that refuse other ones."""
    definitions = compiler.compiled("group.bicep")[0]["definitions"]
    kinds = definitions["resourceNames"]["properties"]
    names = {kind: f"given{number}" for number, kind in enumerate(kinds)}
    names |= {"alertRule": "given-{rule}", "privateEndpoint": "given-{service}"}

    resources = compiler.snapshot_with(
        {"resourceGroupName": "given", "names": names, "privateNetwork": True}
    )

    own = [one for one in resources if one["type"] not in NAMED_FOR_US]
    # Of a child, as of a container or a link, the name of the parent is the first part.
    assert {one["name"] for one in own if "given" not in one["name"]} == set()
    assert len({one["id"] for one in resources}) == len(resources)
    for name in names.values():
        assert name.partition("{")[0] in str(resources)


def test_groups_with_one_environment_name_share_no_name(compiler: Bicep) -> None:
    """Names of storage accounts and apps must be unique in the world."""
    text = "using 'group.bicep'\nparam environmentName = 'example'\nparam location = 'westeurope'\n"
    first, second = (
        worked_out(
            compiler.snapshot(compiler.write(f"{name}.bicepparam", text), resource_group=name)
        )
        for name in ("rg-one", "rg-two")
    )

    for kind in (ACCOUNT, "Microsoft.Web/sites", "Microsoft.Insights/components"):
        assert only(first, kind)["name"] != only(second, kind)["name"]


def test_each_private_name_leads_to_its_own_service(compiler: Bicep) -> None:
    """A table that is looked for at the endpoint of queues is a storage that does not answer."""
    given = {"privateNetwork": True, "publicNetworkAccess": "Disabled"}
    resources = worked_out(compiler.snapshot_with(given), "AzureUSGovernment")
    targets = dict.fromkeys(("blob", "queue", "table"), only(resources, ACCOUNT)["id"])
    targets["site"] = only(resources, "Microsoft.Web/sites")["id"]
    groups = {"site": "sites"}

    for service, zone in (
        ("blob", "privatelink.blob.core.usgovcloudapi.net"),
        ("queue", "privatelink.queue.core.usgovcloudapi.net"),
        ("table", "privatelink.table.core.usgovcloudapi.net"),
        ("site", "privatelink.azurewebsites.us"),
    ):
        endpoint = next(
            one
            for one in of_type(resources, "Microsoft.Network/privateEndpoints")
            if f"-{service}-" in one["name"]
        )
        (connection,) = endpoint["properties"]["privateLinkServiceConnections"]
        group = only(
            resources,
            "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
            f"{endpoint['name']}/default",
        )
        (config,) = group["properties"]["privateDnsZoneConfigs"]
        assert connection["properties"]["groupIds"] == [groups.get(service, service)]
        assert connection["properties"]["privateLinkServiceId"] == targets[service]
        assert zone in config["properties"]["privateDnsZoneId"]
        assert only(resources, "Microsoft.Network/privateDnsZones", zone)


def test_a_network_of_its_own_has_a_way_out(compiler: Bicep) -> None:
    """All that the app sends goes through it: Azure Resource Manager and sign-in too."""
    resources = compiler.snapshot("production.bicepparam")
    network = only(resources, "Microsoft.Network/virtualNetworks")["properties"]
    app, endpoints = (one["properties"] for one in network["subnets"])
    gateway = only(resources, "Microsoft.Network/natGateways")
    address = only(resources, "Microsoft.Network/publicIPAddresses")

    assert app["natGateway"]["id"] == gateway["id"]
    assert gateway["properties"]["publicIpAddresses"] == [{"id": address["id"]}]
    assert gateway["sku"] == address["sku"]  # Azure joins no two of different ones
    assert [one["properties"]["serviceName"] for one in app["delegations"]] == [
        "Microsoft.App/environments"
    ]
    assert "delegations" not in endpoints


def test_the_logs_of_the_storage_say_who_reads_and_changes_findings(compiler: Bicep) -> None:
    """A category that is missing is a way to read or change them that leaves no trace."""
    resources = compiler.snapshot_with({"resourceLogs": True})
    workspace = only(resources, "Microsoft.OperationalInsights/workspaces")["id"]
    settings = of_type(resources, "Microsoft.Insights/diagnosticSettings")
    enabled = {
        one["id"].partition("/providers/Microsoft.Insights/")[0].rpartition("/providers/")[2]: {
            log.get("category", log.get("categoryGroup"))
            for log in one["properties"]["logs"]
            if log["enabled"]
        }
        for one in settings
    }
    account = only(resources, ACCOUNT)["name"]
    everything = {"StorageRead", "StorageWrite", "StorageDelete"}

    assert enabled == {
        f"{ACCOUNT}/{account}/blobServices/default": everything,
        f"{ACCOUNT}/{account}/queueServices/default": everything,
        f"{ACCOUNT}/{account}/tableServices/default": everything,
        f"Microsoft.Web/sites/{only(resources, 'Microsoft.Web/sites')['name']}": {"allLogs"},
    }
    assert {one["properties"]["workspaceId"] for one in settings} == {workspace}


def test_logs_come_in_only_through_the_private_link_scope(compiler: Bicep) -> None:
    """What is not a member of the scope would refuse every log line of the app."""
    hub = f"/subscriptions/{TENANT}/resourceGroups/rg-hub/providers"
    scope = f"{hub}/Microsoft.Insights/privateLinkScopes/ampls-hub"
    resources = compiler.snapshot_with({"privateNetwork": True, "privateLinkScopeId": scope})
    kinds = ("Microsoft.Insights/components", "Microsoft.OperationalInsights/workspaces")
    members = of_type(resources, "Microsoft.Insights/privateLinkScopes/scopedResources")

    linked = {one["properties"]["linkedResourceId"] for one in members}
    assert linked == {only(resources, kind)["id"] for kind in kinds}
    assert all(one["id"].startswith(f"{scope}/scopedResources/") for one in members)
