"""What an identity was granted, where Azure's answers are odd, varying or large."""

import asyncio
import tracemalloc
from collections.abc import Mapping, Sequence
from itertools import permutations

from cmk_check.core.keys.facts import Grant
from cmk_check.core.keys.permissions import suffices
from cmk_check.core.unread import Unread
from cmk_check.inventory.gaps import READ_ROLES
from cmk_check.inventory.keys.ids import KeyId, VaultId
from cmk_check.inventory.keys.role_assignments import RoleAssignments
from tests.unit.inventory.fake_transport import Wire, reader_over

SUBSCRIPTION = "/subscriptions/8d3c0000-0000-4000-8000-000000000001"
PRINCIPAL = "5e8d0000-0000-4000-8000-000000000001"
ROLES = "/providers/Microsoft.Authorization/roleDefinitions"
BROKEN, REFUSED, USABLE = (f"{ROLES}/00000000-0000-4000-8000-00000000000{n}" for n in range(3))
OF_A_GROUP = f"/providers/Microsoft.Management/managementGroups/mg{USABLE}"
USE = [
    f"Microsoft.KeyVault/vaults/keys/{part}" for part in ("read", "wrap/action", "unwrap/action")
]


def _key(name: str = "cmk") -> KeyId:
    group = f"{SUBSCRIPTION}/resourceGroups/rg"
    vault = VaultId.parse(f"{group}/providers/Microsoft.KeyVault/vaults/kv-a")
    assert vault is not None
    return KeyId(vault, name)


def _assigned(role: str, principal: str = PRINCIPAL) -> Mapping[str, object]:
    properties = {"roleDefinitionId": role, "principalId": principal, "scope": SUBSCRIPTION}
    return {"id": "x" * 150, "properties": properties}


def _over(entries: Sequence[object]) -> RoleAssignments:
    """Read these assignments; of the roles one is refused, one has no permissions."""

    def answer(_: str, path: str) -> object:
        if path.endswith("/roleAssignments"):
            return {"value": entries}
        if path.lower() == REFUSED.lower():
            return 403, {"error": {"code": "Odd"}}
        granted = {"permissions": [{"dataActions": USE}]}
        return {"properties": {} if path.lower() == BROKEN.lower() else granted}

    return RoleAssignments(reader_over(Wire(answer)))


async def _find(grants: RoleAssignments, key: KeyId) -> tuple[Grant, ...] | Unread:
    return await grants.find(PRINCIPAL, key, asyncio.get_running_loop().time() + 5)


async def test_of_several_roles_that_cannot_be_read_the_same_one_is_told() -> None:
    """The order of a list varies, and another reason would be told as a change of the key."""
    orders = permutations(map(_assigned, (OF_A_GROUP, BROKEN, REFUSED)))

    found = [await _find(_over(order), _key()) for order in orders]

    gaps = {each.gap for each in found if isinstance(each, Unread)}
    assert [gap.missing_action for gap in gaps] == [READ_ROLES]
    assert len(found) == 6


async def test_assignments_that_many_keys_inherit_are_kept_once_p8() -> None:
    """P8: a slice has hundreds of keys, and a subscription hundreds of assignments."""
    others = [_assigned(USABLE, f"5e8d0000-0000-4000-8000-{n:012d}") for n in range(2, 302)]
    grants = _over([*others, _assigned(USABLE)])
    await _find(grants, _key())

    tracemalloc.start()
    found = [await _find(grants, _key(f"cmk-{number}")) for number in range(20)]
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert all(isinstance(each, tuple) and suffices(each) for each in found)
    assert kept < 20 * 20_000
