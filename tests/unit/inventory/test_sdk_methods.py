"""The methods of Azure's packages that are called: a later version may have renamed or lost one."""

import inspect
from operator import attrgetter

import pytest

from tests.unit.inventory.fake_transport import Answer, Wire, clients_over

CALLED = {
    "subscriptions": ["subscriptions.list"],
    "accounts": ["accounts.list", "accounts.get", "encryption_scopes.list"],
    "vaults": [
        "vaults.get",
        "managed_hsms.get",
        *(
            f"{group}.{method}"
            for group in ("keys", "managed_hsm_keys")
            for method in ("get", "get_version", "list_versions")
        ),
    ],
    "grants": ["role_assignments.list_for_scope", "role_definitions.get_by_id"],
    "graph": ["resources"],
}


def _refuse(*_: object) -> Answer:
    raise NotImplementedError


@pytest.mark.parametrize(
    ("of", "method"), [(of, method) for of, methods in CALLED.items() for method in methods]
)
def test_each_method_that_is_called_exists_and_passes_our_call_on(of: str, method: str) -> None:
    """Without it, each subscription would be a gap after an upgrade; the pipeline needs `call`."""
    make = getattr(clients_over(Wire(_refuse)), of)
    client = make("s") if inspect.signature(make).parameters else make()

    signature = inspect.signature(attrgetter(method)(client))

    assert inspect.Parameter.VAR_KEYWORD in {each.kind for each in signature.parameters.values()}
