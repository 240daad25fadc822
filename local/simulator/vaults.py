"""The vaults of a subscription and their keys; tests change them while they are read."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence

from local.simulator import rotation, vault_documents
from local.simulator.accounts import ABSENT, Owner
from local.simulator.change_log import ChangeLog
from local.simulator.resource import Resource
from local.simulator.vault_documents import KeyPlace, KeySpec, VaultSpec, VersionSpec


class KeyVersion(Resource):
    """One version of a key; ``version`` is its name."""

    def __init__(self, document: object, version: str, lock: threading.RLock) -> None:
        super().__init__(document, lock)
        self.version = version


class Key:
    """A key and its versions; ``clock`` is what its vault rotates it by, in Unix seconds."""

    def __init__(self, spec: KeySpec, place: KeyPlace, lock: threading.RLock) -> None:
        self.name = spec.name
        self.id = place.id
        self.clock: Callable[[], float] = time.time
        self._versions: list[KeyVersion] = []
        self._spec = spec
        self.policy = spec.policy
        self._place = place
        self._lock = lock
        for version in spec.versions:
            self.rotate(version)

    def rotate(self, spec: VersionSpec | None = None) -> KeyVersion:
        """Add a version, which becomes the latest; without a spec, one created just now."""
        spec = spec or self._renewed(int(self.clock()))
        with self._lock:
            name = vault_documents.version_name(spec, self._place, len(self._versions))
            properties = vault_documents.key_properties(self._spec, spec, self._place, name)
            document = vault_documents.key(self._place, properties, name)
            self._versions.append(KeyVersion(document, name, self._lock))
            return self._versions[-1]

    def _renewed(self, now: int) -> VersionSpec:
        lifetime = (self.policy or {}).get("attributes", {}).get("expiryTime")
        ends = rotation.moved(now, lifetime) if lifetime else ABSENT
        return VersionSpec(created=now, exp=ends)

    @property
    def versions(self) -> list[KeyVersion]:
        """Its versions, oldest first, with those that its policy has made by now."""
        with self._lock:
            while (due := self._due()) is not None and due <= self.clock():
                self.rotate(self._renewed(due))
            return self._versions

    def _due(self) -> int | None:
        attributes = self._versions[-1].find("properties.attributes")
        if not (self.policy and self._spec.rotates and isinstance(attributes, dict)):
            return None
        return rotation.due(self.policy, attributes) if attributes.get("enabled") else None

    @property
    def latest(self) -> KeyVersion:
        """The version that the key's name without a version stands for."""
        return self.versions[-1]

    def version(self, name: str) -> KeyVersion | None:
        """Find a version by its name, in any case."""
        with self._lock:
            found = (
                version for version in self.versions if version.version.lower() == name.lower()
            )
            return next(found, None)

    def document(self) -> object:
        """Return the JSON that Azure would send for the key without a version."""
        latest = self.latest.document()
        if not isinstance(latest, dict):
            return latest
        properties = latest.get("properties")
        if self.policy is not None and isinstance(properties, dict):
            properties = {**properties, "rotationPolicy": self.policy}
        return {**latest, **vault_documents.key(self._place, properties)}


class Vault(Resource):
    """A key vault or a managed HSM; its properties can be set at any time.

    ``indexed``  whether Resource Graph lists it; Resource Graph lags behind
    """

    def __init__(
        self, spec: VaultSpec, owner: Owner, lock: threading.RLock, changes: ChangeLog
    ) -> None:
        super().__init__(vault_documents.vault(spec, owner), lock)
        self._changes = changes
        self.name = spec.name
        self.group = spec.group
        self.is_hsm = spec.hsm
        self.indexed = True
        self.type = vault_documents.type_of(spec)
        self.id = vault_documents.resource_id(spec, owner)
        self._spec = spec
        self._owner = owner
        self._keys: list[Key] = []
        self._deleted_keys: list[Key] = []
        for key in spec.keys:
            self.add_key(key)
            if key.deleted:
                self.remove_key(key.name)

    def replace(self, document: object) -> None:
        """Send this document instead, whatever it is."""
        super().replace(document)
        self._changes.add(self.id, self.type)

    @property
    def keys(self) -> tuple[Key, ...]:
        """Its keys."""
        with self._lock:
            return tuple(self._keys)

    def key(self, name: str) -> Key | None:
        """Find a key by its name, in any case."""
        return next((key for key in self.keys if key.name.lower() == name.lower()), None)

    def add_key(self, spec: KeySpec) -> Key:
        """Add a key."""
        key = Key(spec, KeyPlace(self._spec, self.id, spec.name), self._lock)
        with self._lock:
            self._keys.append(key)
        return key

    def remove_key(self, name: str) -> Key:
        """Delete a key; return it for ``restore_key``. Raises KeyError if there is none."""
        key = self.key(name)
        if key is None:
            raise KeyError(name)
        with self._lock:
            self._keys.remove(key)
            self._deleted_keys.append(key)
        return key

    @property
    def deleted_keys(self) -> tuple[Key, ...]:
        """Its keys that are deleted, and can be recovered."""
        with self._lock:
            return tuple(self._deleted_keys)

    def restore_key(self, key: Key) -> None:
        """Restore a deleted key unchanged."""
        with self._lock:
            self._deleted_keys = [each for each in self._deleted_keys if each is not key]
            self._keys.append(key)

    def set_policy(self, object_id: str, keys: Sequence[str]) -> None:
        """Set a principal's access policy to these key permissions, in place of any other."""
        with self._lock:
            kept = self._policies(object_id)
            added = vault_documents.policy(self._owner.tenant_id, object_id, keys)
            self.set("properties.accessPolicies", [*kept, added])

    def permissions(self, object_id: str) -> list[str]:
        """Return what a principal's access policies let it do with keys."""
        policies = self.find("properties.accessPolicies")
        return [
            permission
            for policy in (policies if isinstance(policies, list) else [])
            if policy["objectId"].lower() == object_id.lower()
            for permission in policy["permissions"]["keys"]
        ]

    def extend_policy(self, object_id: str, keys: Sequence[str]) -> None:
        """Add key permissions to those that a principal's access policy has."""
        with self._lock:
            self.set_policy(object_id, list(dict.fromkeys((*self.permissions(object_id), *keys))))

    def put(self, properties: Mapping[str, object], tags: Mapping[str, str]) -> None:
        """Replace its properties, except those that only Azure sets, and its tags."""
        with self._lock:
            own = {"vaultUri": self.find("properties.vaultUri"), "provisioningState": "Succeeded"}
            self.set("properties", {**properties, **own})
            self.set("tags", dict(tags))

    def _policies(self, without: str) -> list[object]:
        policies = self.find("properties.accessPolicies")
        listed = policies if isinstance(policies, list) else []
        return [
            policy for policy in listed if policy.get("objectId", "").lower() != without.lower()
        ]


class Vaults:
    """The vaults and managed HSMs of one subscription.

    ``page_sizes``  sizes of the first pages of their lists, such as (1, 0, 1); the rest fills
                    further pages
    """

    def __init__(
        self,
        owner: Owner,
        lock: threading.RLock,
        add_group: Callable[[str], object],
        changes: ChangeLog,
    ) -> None:
        self.page_sizes: Sequence[int] = ()
        self._owner = owner
        self._lock = lock
        self._add_group = add_group
        self._changes = changes
        self._vaults: list[Vault] = []
        self._deleted: list[Vault] = []

    @property
    def indexed(self) -> list[Vault]:
        """Those that Resource Graph lists, with deleted ones that it still lists."""
        with self._lock:
            return [vault for vault in (*self._vaults, *self._deleted) if vault.indexed]

    @property
    def ever(self) -> list[Vault]:
        """All of them, with those that were deleted."""
        with self._lock:
            return [*self._vaults, *self._deleted]

    @property
    def deleted(self) -> tuple[Vault, ...]:
        """Those that were deleted, and can be recovered."""
        with self._lock:
            return tuple(self._deleted)

    @property
    def all(self) -> tuple[Vault, ...]:
        """All of them, in the order they were added."""
        with self._lock:
            return tuple(self._vaults)

    def add(self, spec: VaultSpec) -> Vault:
        """Add a vault at the end of the list."""
        vault = Vault(spec, self._owner, self._lock, self._changes)
        self.restore(vault)
        if spec.deleted:
            self.remove(vault.name, still_indexed=True)
        return vault

    def restore(self, vault: Vault) -> None:
        """Restore a deleted vault unchanged."""
        with self._lock:
            self._deleted = [deleted for deleted in self._deleted if deleted is not vault]
            self._add_group(vault.group)
            self._vaults.append(vault)
            vault.indexed = True
            self._changes.add(vault.id, vault.type)

    def among(self, group: str | None, *, hsm: bool | None = None) -> list[Vault]:
        """Return the key vaults, the managed HSMs, or both, of one resource group or of all."""
        return [
            vault
            for vault in self.all
            if hsm in (None, vault.is_hsm)
            and (group is None or vault.group.lower() == group.lower())
        ]

    def find(self, name: str, group: str, *, hsm: bool) -> Vault | None:
        """Find a vault as Azure does: the case of name and group does not matter."""
        found = (
            vault for vault in self.among(group, hsm=hsm) if vault.name.lower() == name.lower()
        )
        return next(found, None)

    def __getitem__(self, name: str) -> Vault:
        """Find a vault by its name. Raises KeyError if there is none."""
        for vault in self.all:
            if vault.name.lower() == name.lower():
                return vault
        raise KeyError(name)

    def remove(self, name: str, *, still_indexed: bool = False) -> Vault:
        """Delete a vault; return it for ``restore``. Raises KeyError if there is none."""
        vault = self[name]
        with self._lock:
            self._vaults.remove(vault)
            self._deleted.append(vault)
            vault.indexed = still_indexed
            self._changes.add(vault.id, vault.type)
        return vault
