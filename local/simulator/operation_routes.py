"""Answers of Azure Resource Manager about the operations of resource providers.

Only the operations that read the types simulated here are listed. Shape:
``ProviderOperationsMetadata`` of azure-mgmt-authorization, 2022-04-01.
"""

from collections.abc import Mapping
from typing import Final

from local.simulator import errors
from local.simulator.messages import Incoming, Reply
from local.simulator.subscription_access import Gate, Route
from local.simulator.tokens import Claims

PROVIDER: Final = "Microsoft.Authorization"
READ: Final = f"{PROVIDER}/providerOperations/read"
_VERSIONS: Final = ("2022-04-01",)
_EXPAND: Final = "$expand"
_TYPES: Final[Mapping[str, tuple[str, ...]]] = {
    "Microsoft.Authorization": (
        *("policyAssignments", "policyExemptions", "policySetDefinitions"),
        *("roleAssignments", "roleDefinitions"),
    ),
    "Microsoft.CognitiveServices": ("accounts",),
    "Microsoft.KeyVault": (
        *("managedHSMs", "managedHSMs/keys", "managedHSMs/keys/versions"),
        *("vaults", "vaults/keys", "vaults/keys/versions"),
    ),
    "Microsoft.Management": ("managementGroups/descendants",),
    "Microsoft.ResourceGraph": ("resources",),
    "Microsoft.Resources": ("changes", "subscriptions"),
}


class OperationRoutes:
    """Answers of any estate; ``lacking`` are types whose operations are left out."""

    def __init__(self, gate: Gate) -> None:
        self.lacking: set[str] = set()
        self._gate = gate
        path = "/providers/microsoft\\.authorization/providerOperations/(?P<provider>[^/]+)"
        self.routes = (Route("GET", path, self._get, (_EXPAND,)),)

    def _get(self, incoming: Incoming, names: Mapping[str, str], claims: Claims) -> Reply:
        version, provider = incoming.query["api-version"], names["provider"]
        if version not in _VERSIONS:
            return errors.invalid_resource_type(PROVIDER, "providerOperations", version, _VERSIONS)
        refusal = self._gate.refused(claims, READ, "/")
        if refusal is not None:
            return refusal
        if provider not in _TYPES:
            return errors.not_simulated(incoming, f"operations of {provider}")
        types = [
            {"name": type_, "operations": [{"name": f"{provider}/{type_}/read"}]}
            for type_ in _TYPES[provider]
            if f"{provider}/{type_}" not in self.lacking
        ]
        expanded = incoming.query.get(_EXPAND) == "resourceTypes"
        body = {"name": provider, "operations": [], "resourceTypes": types if expanded else None}
        return Reply.of(200, body)
