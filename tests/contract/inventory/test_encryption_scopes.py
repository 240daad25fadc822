"""Encryption scopes of accounts that Azure says cannot have any."""

import pytest

from cmk_check.core.key_facts import EncryptionScope, Unread
from local.simulator import arm_error
from tests.contract.inventory.keys_kit import Azure


@pytest.mark.parametrize(
    ("status", "message", "scopes"),
    [
        (400, "Encryption scope is not supported for this account.", ()),
        (400, "Encryption scope is not readable.", None),
        (400, "The api-version is not supported.", None),
        (403, "Encryption scope is not supported for you.", None),
    ],
)
async def test_account_that_cannot_have_scopes_has_none_p11(
    azure: Azure, status: int, message: str, scopes: tuple[EncryptionScope, ...] | None
) -> None:
    """P11: an unknown for every account of a kind could be ended by nobody."""
    account = azure.add_account()
    azure.answer("*/encryptionScopes", arm_error(status, "BadRequest", message))

    found = (await azure.facts_of(account)).scopes

    assert (None if isinstance(found, Unread) else found) == scopes
