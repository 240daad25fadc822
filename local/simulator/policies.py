"""Azure Policy in an estate: definitions, initiatives (policy sets), assignments and exemptions.

Every object has a type, a scope and a name, which make its id, and properties as Azure has them.
The built-in definitions and initiatives are in the tenant of every estate.
"""

import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from local.simulator.resource import Resource

PROVIDER: Final = "Microsoft.Authorization"
CMK_POLICY: Final = "67121cc7-ff39-4ab8-b7e3-95b84dab487d"
_AUTHOR: Final = "policy-team@simulator.onmicrosoft.com"


class PolicyType(StrEnum):
    """The resource types, as ids write them."""

    DEFINITION = "policyDefinitions"
    SET = "policySetDefinitions"
    ASSIGNMENT = "policyAssignments"
    EXEMPTION = "policyExemptions"


class PolicyObject(Resource):
    """One object; the next request reads every change to it."""

    def __init__(
        self, type_: PolicyType, scope: str, name: str, document: object, lock: threading.RLock
    ) -> None:
        super().__init__(document, lock)
        self.type = type_
        self.scope = scope or "/"
        self.name = name
        self.id = policy_id(type_, scope, name)


def policy_id(type_: PolicyType, scope: str, name: str) -> str:
    """Return the id of an object at a scope; "" or "/" is the tenant."""
    return f"{scope.rstrip('/')}/providers/{PROVIDER}/{type_}/{name}"


def builtin_id(name: str, type_: PolicyType = PolicyType.DEFINITION) -> str:
    """Return the id of a built-in definition or, with ``PolicyType.SET``, initiative."""
    return policy_id(type_, "", name)


class Policies:
    """The objects of one estate; they can change while they are read.

    ``index``  what Resource Graph knows instead of them all, since it lags behind and omits some
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._objects: dict[str, PolicyObject] = {}
        self.index: list[PolicyObject] | None = None
        for name, title in _DEFINITIONS.items():
            self._add_builtin(PolicyType.DEFINITION, name, {"displayName": title})
        for name, (title, members) in _SETS.items():
            self._add_builtin(
                PolicyType.SET, name, {"displayName": title, "policyDefinitions": _members(members)}
            )

    def add(
        self,
        type_: PolicyType,
        scope: str,
        name: str,
        properties: object,
        *,
        created_by: str | None = None,
    ) -> PolicyObject:
        """Add an object, or replace the one of this id; ``properties`` are sent as they are.

        ``created_by``  the client id of an app; by default a person is the author
        """
        kind = "User" if created_by is None else "Application"
        author, now = created_by or _AUTHOR, f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f0Z}"
        by = {"createdBy": author, "createdByType": kind, "createdAt": now}
        last = {"lastModifiedBy": author, "lastModifiedByType": kind, "lastModifiedAt": now}
        document = {
            "properties": properties,
            "systemData": {**by, **last},
            "id": policy_id(type_, scope, name),
            "type": f"{PROVIDER}/{type_}",
            "name": name,
        }
        added = PolicyObject(type_, scope, name, document, self._lock)
        with self._lock:
            self._objects[added.id.lower()] = added
        return added

    def assign(
        self, scope: str, name: str, definition_id: str, **properties: object
    ) -> PolicyObject:
        """Assign a definition or an initiative at a scope."""
        given = {
            "displayName": name,
            "policyDefinitionId": definition_id,
            "scope": scope,
            "notScopes": [],
            "parameters": {},
            "enforcementMode": "Default",
            **properties,
        }
        return self.add(PolicyType.ASSIGNMENT, scope, name, given)

    def exempt(
        self, scope: str, name: str, assignment_id: str, **properties: object
    ) -> PolicyObject:
        """Exempt a scope from an assignment, by default without an end."""
        given = {
            "policyAssignmentId": assignment_id,
            "policyDefinitionReferenceIds": [],
            "exemptionCategory": "Waiver",
            **properties,
        }
        return self.add(PolicyType.EXEMPTION, scope, name, given)

    def add_set(self, scope: str, name: str, members: Mapping[str, str]) -> PolicyObject:
        """Add an initiative of an estate; ``members`` are reference ids to definition ids."""
        properties = {"policyType": "Custom", "policyDefinitions": _members(members)}
        return self.add(PolicyType.SET, scope, name, properties)

    def find(self, object_id: str) -> PolicyObject | None:
        """Find an object by its id, in any case."""
        with self._lock:
            return self._objects.get(object_id.lower())

    def remove(self, object_id: str) -> None:
        """Delete an object. Raises KeyError if there is none of this id."""
        with self._lock:
            del self._objects[object_id.lower()]

    def of_type(self, type_: PolicyType) -> list[PolicyObject]:
        """Return all objects of a type."""
        with self._lock:
            return [each for each in self._objects.values() if each.type is type_]

    @property
    def indexed(self) -> list[PolicyObject]:
        """Return the assignments and exemptions that Resource Graph knows."""
        with self._lock:
            known = self._objects.values() if self.index is None else self.index
            types = (PolicyType.ASSIGNMENT, PolicyType.EXEMPTION)
            return [each for each in known if each.type in types]

    def _add_builtin(self, type_: PolicyType, name: str, properties: dict[str, object]) -> None:
        added = self.add(type_, "", name, {"policyType": "BuiltIn", **properties})
        # Microsoft's own objects say nothing of their author.
        added.remove("systemData")


def _members(members: Mapping[str, str]) -> list[object]:
    return [
        {"policyDefinitionReferenceId": reference, "policyDefinitionId": found, "parameters": {}}
        for reference, found in members.items()
    ]


# Ids, names and reference ids: https://github.com/Azure/azure-policy (built-in-policies). Of the
# initiatives' many members, only these are simulated.
_COSMOS_CMK: Final = "1f905d99-2ab7-462c-a6b0-f709acca6c8f"
_DEFINITIONS: Final[Mapping[str, str]] = {
    CMK_POLICY: "Azure AI Services resources should encrypt data at rest with a customer-managed "
    "key (CMK)",
    _COSMOS_CMK: "Azure Cosmos DB accounts should use customer-managed keys to encrypt data at "
    "rest",
}
_SETS: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "1f3afdf9-d0c9-4c3d-847f-89da613e70a8": (
        "Microsoft cloud security benchmark",
        {
            "azureCosmosDbAccountsShouldUseCustomerManagedKeysToEncryptDataAtRest"
            "MonitoringEffect": builtin_id(_COSMOS_CMK),
            "cognitiveServicesAccountsShouldEnableDataEncryptionWithACustomerManagedKey"
            "MonitoringEffect": builtin_id(CMK_POLICY),
        },
    ),
    "179d1daa-458f-4e47-8086-2a68d0d6c38f": (
        "NIST SP 800-53 Rev. 5",
        {each: builtin_id(each) for each in (_COSMOS_CMK, CMK_POLICY)},
    ),
}
