"""Microsoft's Bicep compiler: one process for all tests, asked over its standard streams."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, Self

from tests.browsers import end_without
from tests.guard.documents import ROOT

INFRA: Final = ROOT / "infra"
TEMPLATES: Final = sorted(path.relative_to(INFRA).as_posix() for path in INFRA.rglob("*.bicep"))
PARAMETERS: Final = sorted(
    path.relative_to(INFRA).as_posix() for path in INFRA.rglob("*.bicepparam")
)

SUBSCRIPTION: Final = "5e2f8b90-7c14-4a6d-b1e3-40d9c6f2a857"
TENANT: Final = "0d9c6f2a-857e-4b1e-9a6d-7c145e2f8b90"
PRINCIPAL: Final = "7c145e2f-1e34-4d9c-8b90-6f2a8575e2f8"
_VAULTS: Final = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-keys/providers"
_HUB: Final = f"/subscriptions/{TENANT}/resourceGroups/rg-hub/providers"
# What the parameter files ask the environment for.
ENVIRONMENT: Final = {
    "AZURE_ENV_NAME": "example",
    "AZURE_LOCATION": "westeurope",
    "CMK_ACTION_GROUP_ID": f"{_HUB}/Microsoft.Insights/actionGroups/ag-hub",
    "CMK_ADDRESS_SPACE": "10.20.30.0/25",
    "CMK_ALERT_EMAILS": "security@example.com, platform@example.com",
    "CMK_ENTRA_CLIENT_ID": "b1e340d9-7c14-4a6d-85e2-c6f2a8578b90",
    "CMK_ENTRA_GROUP_IDS": f"{PRINCIPAL}, {TENANT}",
    "CMK_IDENTITY_PRINCIPAL_ID": PRINCIPAL,
    "CMK_NAMES_OF_RESOURCES": '{"app":"func-monitor"}',
    "CMK_PRIVATE_DNS_ZONE_IDS": json.dumps(
        {
            name: f"{_HUB}/Microsoft.Network/privateDnsZones/{name}"
            for name in ("blob", "queue", "table", "site")
        }
    ),
    "CMK_PRIVATE_LINK_SCOPE_ID": f"{_HUB}/Microsoft.Insights/privateLinkScopes/ampls-hub",
    "CMK_ROUTE_TABLE_ID": f"{_HUB}/Microsoft.Network/routeTables/rt-hub",
    "CMK_STORAGE_KEY_IDENTITY_ID": (
        f"{_VAULTS}/Microsoft.ManagedIdentity/userAssignedIdentities/id-keys"
    ),
    "CMK_STORAGE_KEY_NAME": "storage",
    "CMK_STORAGE_KEY_VAULT_URI": "https://kv-example.vault.azure.net",
    "CMK_SUBSCRIPTION_IDS": f"{SUBSCRIPTION}, {TENANT}",
    "CMK_TAGS_OF_RESOURCES": '{"owner":"security"}',
    "CMK_VIRTUAL_NETWORK_ID": f"{_HUB}/Microsoft.Network/virtualNetworks/vnet-app",
    "CMK_WORKSPACE_ID": f"{_HUB}/Microsoft.OperationalInsights/workspaces/log-hub",
}

type Json = Mapping[str, Any]


class RefusedError(Exception):
    """The compiler, or the engine of deployments in it, refuses what it was asked for."""


@cache
def bicep() -> str:
    """Return the compiler, or skip; where nobody would see that, fail."""
    found = shutil.which(os.environ.get("BICEP") or "bicep")
    if found is None:
        end_without("NO BICEP WAS CHECKED, no compiler: name one in BICEP, or put it in the PATH")
    return found


def _environment() -> dict[str, str]:
    # It unpacks itself below HOME unless told where else, and needs libicu unless told not to.
    told = {"DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1", "PATH": os.environ["PATH"]}
    told["DOTNET_TieredPGO"] = "0"  # to measure itself pays only in a process that runs for long
    home = os.environ.get("HOME", "")
    if home and os.access(home, os.W_OK):
        told["HOME"] = home
    else:
        told["DOTNET_BUNDLE_EXTRACT_BASE_DIR"] = str(ROOT / ".cache/dotnet")
    return told | ENVIRONMENT


class Bicep:
    """The compiler over a copy of ``infra/`` in ``folder``; paths are relative to that."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        shutil.copytree(INFRA, folder, dirs_exist_ok=True)
        self._process = subprocess.Popen(
            [bicep(), "jsonrpc", "--stdio"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_environment(),
        )
        self._asked = 0
        self._templates: dict[str, tuple[Json, list[str]]] = {}
        self._snapshots: dict[str, list[Json]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=30)

    def _ask(self, method: str, path: str, **more: object) -> Json:
        assert self._process.stdin
        assert self._process.stdout
        self._asked += 1
        call = {"jsonrpc": "2.0", "id": self._asked, "method": f"bicep/{method}"}
        call |= {"params": {"path": str(self._folder / path), **more}}
        body = json.dumps(call).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()
        headers = iter(self._process.stdout.readline, b"\r\n")
        lengths = [int(line.split(b":")[1]) for line in headers if b"Content-Length" in line]
        answer = json.loads(self._process.stdout.read(*lengths))
        if "error" in answer:
            raise RefusedError(answer["error"]["message"])
        result: Json = answer["result"]
        return result

    def compiled(self, path: str) -> tuple[Json, list[str]]:
        """Return the template or the parameters as JSON, and what the compiler has to say."""
        if path not in self._templates:
            is_template = path.endswith(".bicep")
            more: Json = {} if is_template else {"parameterOverrides": {}}
            answer = self._ask("compile" if is_template else "compileParams", path, **more)
            text = answer.get("contents" if is_template else "parameters")
            said = [f"{one['code']}: {one['message']}" for one in answer["diagnostics"]]
            self._templates[path] = json.loads(text or "{}"), said
        return self._templates[path]

    def formatted(self, path: str) -> str:
        """Return the file as the compiler would lay it out."""
        return str(self._ask("format", path)["contents"])

    def write(self, path: str, text: str) -> str:
        """Put a file beside the others and return its path."""
        (self._folder / path).write_text(text)
        return path

    def snapshot(
        self, path: str, *, management_group: str | None = None, resource_group: str | None = None
    ) -> list[Json]:
        """Return each resource that a deployment with these parameters would create.

        Raises:
            RefusedError: the engine of deployments would not begin one.

        """
        if path in self._snapshots:
            return self._snapshots[path]
        metadata = {
            "tenantId": TENANT,
            "managementGroupId": management_group,
            "subscriptionId": None if management_group else SUBSCRIPTION,
            "resourceGroup": resource_group,
            "location": "westeurope",
            "deploymentName": "example",
        }
        answer = self._ask("getSnapshot", path, metadata=metadata, externalInputs=None)
        snapshot = json.loads(answer["snapshot"])
        assert snapshot["diagnostics"] == []
        self._snapshots[path] = snapshot["predictedResources"]
        return self._snapshots[path]

    def snapshot_with(self, given: Mapping[str, object]) -> list[Json]:
        """Return the resources of ``minimal.bicepparam`` with these parameters on top."""
        lines = [
            f"param {name} = json({_literal(json.dumps(value))})" for name, value in given.items()
        ]
        # The template is compiled once; its source would be compiled again for each set of values.
        if not (self._folder / "main.json").exists():
            self.write("main.json", json.dumps(self.compiled("main.bicep")[0]))
        text = (self._folder / "minimal.bicepparam").read_text()
        text = "\n".join([text.replace("'main.bicep'", "'main.json'"), *lines])
        path = self.write(f"on_top_{abs(hash(text))}.bicepparam", text)
        try:
            return self.snapshot(path)
        except RefusedError as error:
            # That it does not compile is all that is said there.
            raise RefusedError("; ".join([str(error), *self.compiled(path)[1]])) from error


def of_type(resources: list[Json], kind: str) -> list[Json]:
    """Return the resources of this type, in their order."""
    return [resource for resource in resources if resource["type"] == kind]


def only(resources: list[Json], kind: str, last: str = "") -> Json:
    """Return the one resource of this type whose name ends so."""
    (found,) = [one for one in of_type(resources, kind) if one["name"].endswith(last)]
    return found


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("${", "\\${")
    return f"'{escaped}'"
