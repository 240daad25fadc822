"""Keys of accounts whose id is in one answer twice, for example if a list changes between pages."""

from dataclasses import replace
from itertools import permutations
from typing import Final

import pytest

from cmk_check.core.account import UserIdentity
from cmk_check.core.enums import KeyReason, KeyState
from tests.fakes.keys import HEALTHY
from tests.fakes.world import bad, good
from tests.unit.core.examples import HOUR, ID, NOON, compared, health_of, known_of, only_finding

_OTHERWISE: Final[dict[str, dict[str, object]]] = {
    "key": {"key_name": "k2"},
    "version": {"key_version": "v1"},
    "vault": {"key_vault_uri": "https://other.vault.azure.net/"},
    "identity": {"principal_id": "another"},
    "no identity": {"principal_id": None},
    "user": {"identity_client_id": "c"},
    "users": {"user_identities": (UserIdentity("c", "another"),)},
    "odd": {"malformed_key": "properties.encryption is odd."},
}


@pytest.mark.parametrize("fields", _OTHERWISE.values(), ids=_OTHERWISE)
def test_of_an_id_that_comes_with_two_keys_the_key_is_unknown_in_any_order(
    fields: dict[str, object],
) -> None:
    """P1: nobody knows which key is used; P4: the order of the answer must not decide."""
    twice = [good(ID), replace(good(ID), **fields)]  # type: ignore[arg-type]
    known = known_of(*twice, keys=HEALTHY)

    again = [
        compared(known, *order, at=NOON + HOUR, keys=HEALTHY)
        for order in permutations([*twice, good(ID)])
    ]

    assert all(difference.is_empty for difference in again)
    (concern,) = health_of(known).concerns
    assert concern.code is KeyReason.CANNOT_READ
    assert "account" in concern.evidence["notSeen"]
    assert "Azure lists it more than once" in concern.message


@pytest.mark.parametrize("fields", [{}, {"tags": {"team": "a"}}, {"location": "westus"}])
def test_of_an_id_that_comes_twice_with_one_key_the_key_is_judged(
    fields: dict[str, object],
) -> None:
    """P11: a repeated page does not contradict it."""
    twice = [good(ID), replace(good(ID), **fields)]  # type: ignore[arg-type]

    assert health_of(known_of(*twice, keys=HEALTHY)).state is KeyState.HEALTHY


def test_of_an_id_that_comes_with_no_key_too_there_is_none_to_judge() -> None:
    """The worse entry counts, and it has no key."""
    known = known_of(good(ID), bad(ID), replace(good(ID), key_name="k2"), keys=HEALTHY)

    assert only_finding(known).judgement.verdict == "non_compliant"
    assert only_finding(known).key_health is None
