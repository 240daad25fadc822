"""Encryption scopes of accounts: none only where Azure says that there can be none."""

from dataclasses import replace

import pytest

from cmk_check.core.enums import GapReason
from cmk_check.core.keys.facts import EncryptionScope
from cmk_check.core.resource_id import AccountId
from local.simulator import Answer, arm_error
from local.simulator.faults import Effect
from tests.contract.inventory.azure_kit import Azure, unread

UNSUPPORTED = "Encryption scope is not supported for this account."
NO_TYPE = (
    "The resource type 'accounts/encryptionScopes' could not be found in the namespace "
    "'Microsoft.CognitiveServices' for api version '2025-09-01'. The supported api-versions are "
    "'2017-04-18,2025-09-01'."
)
_ODD = GapReason.UNEXPECTED_RESPONSE
NO_SCOPES: dict[str, Effect] = {
    "kind": arm_error(400, "BadRequest", UNSUPPORTED),
    "type": arm_error(400, "InvalidResourceType", NO_TYPE),
    "type not found": arm_error(404, "InvalidResourceType", NO_TYPE),
    "method": arm_error(405, "MethodNotAllowed"),
    "provider": arm_error(409, "MissingSubscriptionRegistration"),
}
UNREAD: list[tuple[Effect, GapReason]] = [
    (arm_error(400, "BadRequest", "Encryption scope is not readable."), _ODD),
    (arm_error(400, "NoRegisteredProviderFound"), GapReason.API_VERSION_UNSUPPORTED),
    (arm_error(404, "InvalidResourceType"), GapReason.API_VERSION_UNSUPPORTED),
    (arm_error(403, "AuthorizationFailed", UNSUPPORTED), GapReason.FORBIDDEN),
    (arm_error(404, "SubscriptionNotFound"), GapReason.NOT_FOUND),
    (arm_error(404, "ResourceNotFound"), _ODD),
    (Answer(body={"value": None}), GapReason.MALFORMED_PAGE),
    (Answer(status=400, body="<html/>"), _ODD),
    (Answer(status=405, body="<html/>"), _ODD),
]


@pytest.mark.parametrize("then", NO_SCOPES.values(), ids=NO_SCOPES)
async def test_account_that_cannot_have_scopes_has_none_p11(azure: Azure, then: Effect) -> None:
    """P11: an unknown for every account of a kind, a region or a cloud could be ended by nobody."""
    account = azure.add_account()
    azure.answer("*/encryptionScopes", then)

    assert (await azure.facts_of(account)).scopes == ()


@pytest.mark.parametrize(("then", "reason"), UNREAD)
async def test_scopes_are_unread_after_any_other_answer_p1_p2(
    azure: Azure, then: Effect, reason: GapReason
) -> None:
    """P1 and P2: it may hide one with Microsoft's key; what is not known here proves nothing."""
    account = azure.add_account()
    azure.answer("*/encryptionScopes", then)

    assert unread((await azure.facts_of(account)).scopes).reason is reason


async def test_encryption_scopes_are_read_with_their_key_sources(azure: Azure) -> None:
    """A scope with Microsoft's key is a hole in an account that has a key of its own."""
    scopes = {
        "a": {"keySource": "Microsoft.KeyVault", "state": "Enabled"},
        "b": {"keySource": "Microsoft.CognitiveServices"},
        "c": {},
    }
    account = azure.add_account(scopes=scopes)

    assert (await azure.facts_of(account)).scopes == (
        EncryptionScope("a", "Microsoft.KeyVault"),
        EncryptionScope("b", "Microsoft.CognitiveServices"),
        EncryptionScope("c", None),
    )


@pytest.mark.parametrize(("part", "dots"), [("rg-ai", ".."), ("rg-ai", "."), ("chat", "..")])
async def test_account_of_dots_is_not_asked_for_p10(azure: Azure, part: str, dots: str) -> None:
    """P10: it would lead out of the account's path, to scopes of something else or to none."""
    account = azure.add_account()
    odd = AccountId.parse(account.id.text.replace(f"/{part}", f"/{dots}"))
    assert odd is not None

    facts = await azure.keys.read([replace(account, id=odd)], {}, seconds=5)

    assert unread(facts[odd.text].scopes).reason is GapReason.UNEXPECTED_RESPONSE
    assert "scopes" not in azure.costs()
