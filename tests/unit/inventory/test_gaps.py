"""Every error of reading has a gap, and every gap a way out."""

import json
from collections.abc import Callable
from typing import Any, cast

import aiohttp
import pytest
from azure.core import exceptions
from azure.core.exceptions import AzureError, HttpResponseError

from cmk_check.core.enums import GapReason
from cmk_check.core.gap import Gap
from cmk_check.core.reasons.gap_sentences import make_gap
from cmk_check.inventory.gaps import READ_ACCOUNTS, TROUBLE, build_gap, call_errors
from cmk_check.ports import InventoryError
from tests.unit.inventory.fake_transport import Answer

EXPECTED = {
    "ServiceRequestError": GapReason.UNREACHABLE,
    "ServiceResponseError": GapReason.UNREACHABLE,
    "ServiceRequestTimeoutError": GapReason.TIMEOUT,
    "ServiceResponseTimeoutError": GapReason.TIMEOUT,
    "IncompleteReadError": GapReason.UNREACHABLE,
    "DecodeError": GapReason.MALFORMED_PAGE,
    "SerializationError": GapReason.MALFORMED_PAGE,
    "DeserializationError": GapReason.MALFORMED_PAGE,
    "ClientAuthenticationError": GapReason.UNAUTHENTICATED,
    # None of these comes from a list, or only with an answer, which is mapped by its status.
    **dict.fromkeys(
        (
            *("AzureError", "HttpResponseError", "ODataV4Error", "ResourceExistsError"),
            *("ResourceModifiedError", "ResourceNotFoundError", "ResourceNotModifiedError"),
            *("ResponseNotReadError", "StreamClosedError", "StreamConsumedError"),
            "TooManyRedirectsError",
        ),
        GapReason.UNEXPECTED_RESPONSE,
    ),
}
SDK_ERRORS = {
    name: kind
    for name, kind in vars(exceptions).items()
    if isinstance(kind, type)
    and issubclass(kind, (AzureError, ValueError))
    and kind.__module__ == exceptions.__name__
}


def _gap(status: int, body: object) -> Gap:
    return build_gap(HttpResponseError(response=Answer(None, body, status)), READ_ACCOUNTS)


def test_every_error_of_the_sdk_is_known() -> None:
    """A new version of the SDK with a new error has to be thought about."""
    assert set(SDK_ERRORS) == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_error_of_the_sdk_has_its_gap(name: str) -> None:
    """Made without its constructor: some of them want a whole stream."""
    error = SDK_ERRORS[name].__new__(SDK_ERRORS[name])
    vars(error)["status_code"] = None

    assert isinstance(error, TROUBLE)
    assert build_gap(error, READ_ACCOUNTS).reason is EXPECTED[name]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TimeoutError(), GapReason.TIMEOUT),
        (aiohttp.ClientConnectionError(), GapReason.UNREACHABLE),
        (ConnectionResetError(), GapReason.UNREACHABLE),
        (InventoryError(make_gap(GapReason.THROTTLED)), GapReason.THROTTLED),
    ],
)
def test_other_errors_have_their_gap(error: Exception, reason: GapReason) -> None:
    """The transport lets some of its own errors through."""
    assert isinstance(error, TROUBLE)
    assert build_gap(error, READ_ACCOUNTS).reason is reason


def _misuse() -> None:
    len(cast("Any", 1))


def _surprise() -> None:
    json.loads("[")


@pytest.mark.parametrize(
    ("fails", "words", "kind"),
    [
        (_misuse, "There is a bug in cmk_check", TypeError),
        (_surprise, "open a support request with Azure", json.JSONDecodeError),
    ],
)
def test_a_call_says_whose_error_ended_it_p11(
    fails: Callable[[], None],
    words: str,
    kind: type[Exception],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """P11: no support request helps against a bug of this program, and none is left unseen."""
    monkeypatch.setitem(_misuse.__globals__, "__name__", "cmk_check.test")
    with pytest.raises(InventoryError) as raised, call_errors():
        fails()

    assert words in str(raised.value.gap.detail)
    (record,) = caplog.records
    assert record.exc_info
    assert record.exc_info[0] is kind


def test_an_error_of_azure_leaves_a_call_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    """Its code decides what it means; a log of every refusal would hide the bugs."""
    error = HttpResponseError(response=Answer(None, {}, 403))

    with pytest.raises(HttpResponseError) as raised, call_errors():
        raise error

    assert raised.value is error
    assert caplog.records == []


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"<html>no</html>", b"[" * 100_000),
        *([], {}, {"error": "text"}, {"error": {"code": 7, "message": []}}),
    ],
)
def test_refusal_with_any_body_names_an_action_p11(body: object) -> None:
    """P11: where Azure names none, the action that reading needs is the one."""
    gap = _gap(403, body)

    assert (gap.reason, gap.missing_action) == (GapReason.FORBIDDEN, READ_ACCOUNTS)


def test_refusal_repeats_only_the_action_p10() -> None:
    """P10: Azure's message names people, and could name anything."""
    message = (
        "The client 'someone@example.com' does not have authorization to perform action "
        "'Microsoft.CognitiveServices/accounts/read' over scope '/x' <b>"
    )
    gap = _gap(403, {"error": {"code": "Authorization\nFailed", "message": message}})

    assert gap.missing_action == "Microsoft.CognitiveServices/accounts/read"
    assert not any(part in (gap.detail or "") for part in ("someone", "<b>", "\n", "/x"))


@pytest.mark.parametrize("code", ["ForbiddenByRbac", "forbiddenbyrbac"])
def test_refusal_by_a_vault_names_the_action_p11(code: str) -> None:
    """P11: Key Vault asks once more behind Azure Resource Manager, and words it in its own way."""
    message = (
        "[ForbiddenByRbac (Forbidden)] Caller is not authorized to perform action.\r\n"
        "Caller: name=KeyVault/ManagementPlane\r\n"
        "Action: 'Microsoft.KeyVault/vaults/keys/read'\r\nAssignment: (not found)"
    )
    gap = _gap(400, {"error": {"code": code, "message": message}})

    assert (gap.reason, gap.missing_action) == (
        GapReason.FORBIDDEN,
        "Microsoft.KeyVault/vaults/keys/read",
    )
    assert "Reader role" in str(gap.detail)


@pytest.mark.parametrize(
    "code", ["ForbiddenByNsp", "ForbiddenByFirewall", "ForbiddenByPolicy", "ForbiddenByConnection"]
)
@pytest.mark.parametrize("is_inner", [False, True])
def test_refusal_by_the_settings_of_a_vault_asks_for_no_role_p11(
    code: str, *, is_inner: bool
) -> None:
    """P11: a role ends none of these."""
    inner = {"code": "Forbidden", "innererror": {"code": code}}
    gap = _gap(403, {"error": inner}) if is_inner else _gap(400, {"error": {"code": code}})

    assert gap.reason is GapReason.FORBIDDEN
    assert code in str(gap.detail)
    assert "Reader" not in str(gap.detail)
    assert "vault's owner" in str(gap.detail)


@pytest.mark.parametrize(
    ("status", "error", "reason", "words"),
    [
        (
            403,
            {
                "code": "DenyAssignmentAuthorizationFailed",
                "message": "The client 'a' with object id 'b' has permission to perform action "
                "'Microsoft.CognitiveServices/accounts/read' on scope '/x'; however, the access is "
                "denied because of the deny assignment with name 'n' and Id 'i' at scope '/x'.",
            },
            GapReason.FORBIDDEN,
            "deny assignment",
        ),
        (
            404,
            {"code": "ParentResourceNotFound", "message": "Failed to perform 'read'"},
            GapReason.UNEXPECTED_RESPONSE,
            "deleted or moved",
        ),
        (
            409,
            {"code": "Conflict", "innererror": {"code": "ObjectIsDeletedButRecoverable"}},
            GapReason.UNEXPECTED_RESPONSE,
            "Recover the key",
        ),
        (
            401,
            {
                "code": "InvalidAuthenticationToken",
                "message": "The access token is not yet valid. Current UTC time: '12:00'",
            },
            GapReason.UNAUTHENTICATED,
            "Correct the clock",
        ),
    ],
    ids=["deny assignment", "parent gone", "soft-deleted", "clock"],
)
def test_a_refusal_has_the_way_out_that_ends_it_p11(
    status: int, error: dict[str, Any], reason: GapReason, words: str
) -> None:
    """P11: the advice for others of the same status ends none of these."""
    gap = _gap(status, {"error": error})

    assert gap.reason is reason
    assert words in str(gap.detail)
    assert not any(wrong in str(gap.detail) for wrong in ("newer version", "Reader", "az login"))
