"""Read the attributes of keys from Azure Resource Manager, but never key material."""

import re
from dataclasses import replace
from typing import Final

from cmk_check.core.keys.facts import Key, KeyVersion
from cmk_check.core.keys.parsing import parse_key, parse_version
from cmk_check.core.keys.version_in_use import fold_version
from cmk_check.core.unread import Absent, Unread
from cmk_check.inventory import gaps
from cmk_check.inventory.arm_reader import ArmReader
from cmk_check.inventory.calls import Deadline
from cmk_check.inventory.keys.ids import KeyId
from cmk_check.inventory.keys.rotation_policy import add_rotation
from cmk_check.inventory.single_flight import SingleFlight

# The codes of a missing key in a vault that was just read. Other codes would mean that the vault is
# missing or that its type is unknown.
_GONE: Final = frozenset({"keynotfound", "notfound", "resourcenotfound"})
_VERSION_NAME: Final = re.compile("[A-Za-z0-9]{1,64}")

type _Versions = tuple[KeyVersion, ...] | Unread


class VaultKeys:
    """Reads each key, its list of versions and each version once."""

    def __init__(self, reader: ArmReader) -> None:
        self._reader = reader
        self._keys: SingleFlight[Key | Absent | Unread] = SingleFlight()
        self._versions: SingleFlight[_Versions] = SingleFlight()
        self._version: SingleFlight[KeyVersion | Unread] = SingleFlight()

    async def find(
        self, key_id: KeyId, pinned: str | None, deadline: float
    ) -> Key | Absent | Unread:
        """Return a key; if a version is ``pinned``, include all versions and that one's details."""
        key = await self._keys.get(key_id, lambda until: self._get(key_id, until), deadline)
        if isinstance(key, Key) and pinned is not None:
            key = replace(key, versions=await self._read_versions(key, key_id, pinned, deadline))
        return replace(key, id=key_id.text)

    async def _read_versions(
        self, key: Key, key_id: KeyId, pinned: str, deadline: float
    ) -> _Versions:
        versions = await self._versions.get(
            key_id, lambda until: self._list(key_id, until), deadline
        )
        if isinstance(versions, Unread):
            return versions
        folded = fold_version(pinned)
        name = next((v.version for v in versions if fold_version(v.version) == folded), None)
        if name is None or not _VERSION_NAME.fullmatch(name):
            return versions
        # The list contains neither type, size nor operations, which may differ between versions.
        whole: KeyVersion | Unread = key.latest
        if fold_version(key.latest.version) != folded:
            whole = await self._version.get(
                (key_id, name), lambda until: self._get_version(key_id, name, until), deadline
            )
        if isinstance(whole, Unread):
            return whole
        return tuple(whole if each.version == name else each for each in versions)

    async def _get(self, key_id: KeyId, until: Deadline) -> Key | Absent | Unread:
        try:
            document = await self._reader.document(key_id.path, until)
        except gaps.TROUBLE as error:
            if gaps.get_404_code(error) in _GONE:
                return Absent(key_id.text)
            hsm = key_id.vault.is_managed_hsm
            return Unread(gaps.build_gap(error, gaps.READ_HSM_KEYS if hsm else gaps.READ_KEYS))
        return add_rotation(parse_key(document), document)

    async def _list(self, key_id: KeyId, until: Deadline) -> _Versions:
        try:
            entries = await self._reader.entries(f"{key_id.path}/versions", until)
        except gaps.TROUBLE as error:
            return _unread_version(error, key_id)
        return tuple(parse_version(entry) for entry in entries)

    async def _get_version(self, key_id: KeyId, name: str, until: Deadline) -> KeyVersion | Unread:
        try:
            document = await self._reader.document(f"{key_id.path}/versions/{name}", until)
        except gaps.TROUBLE as error:
            return _unread_version(error, key_id)
        return replace(parse_version(document), version=name)


def _unread_version(error: Exception, key_id: KeyId) -> Unread:
    action = gaps.READ_HSM_VERSIONS if key_id.vault.is_managed_hsm else gaps.READ_VERSIONS
    return Unread(gaps.build_gap(error, action))
