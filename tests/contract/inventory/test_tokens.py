"""P6: tokens go to Azure Resource Manager alone and stand nowhere else; one serves everybody."""

import logging

import pytest

from cmk_check.core.enums import GapReason
from cmk_check.ports import InventoryError
from local.simulator.faults import Answer, Close, Effect, Fault, NextLink, arm_error
from tests.contract.inventory.azure_kit import Azure
from tests.contract.inventory.conftest import ACCOUNTS, LISTED

IDENTITY = "/msi/token"


@pytest.mark.parametrize("path", ["/subscriptions", ACCOUNTS])
@pytest.mark.parametrize("link", ["{foreign}/", "https://{host}\\@{arm}/", "//{host}/"])
async def test_foreign_host_gets_no_request_and_no_token_p6(
    azure: Azure, link: str, path: str
) -> None:
    """P6: the SDK sends the token to whatever host a nextLink names."""
    foreign = azure.simulator.foreign()
    host, arm = (url.removeprefix("https://") for url in (foreign.url, azure.simulator.url))
    then = NextLink(link.format(foreign=foreign.url, host=host, arm=arm))
    azure.simulator.faults.add(Fault(path=path, times=1, then=then))

    if path == ACCOUNTS:
        gap = (await azure.inventory.read(LISTED, seconds=30)).gap
    else:
        with pytest.raises(InventoryError) as raised:
            await azure.inventory.subscriptions()
        gap = raised.value.gap

    assert gap is not None
    assert gap.reason is GapReason.UNTRUSTED_NEXT_LINK
    assert len(foreign.requests) == 0
    assert len([r for r in azure.simulator.requests if r.path != IDENTITY]) == 1


@pytest.mark.parametrize(
    "then", [None, arm_error(401, "ExpiredAuthenticationToken"), arm_error(500, "X"), Close()]
)
async def test_token_stands_in_no_log_and_no_gap_p6(
    azure: Azure, caplog: pytest.LogCaptureFixture, then: Effect | None
) -> None:
    """P6: whatever is logged at whatever level may end up with many readers."""
    caplog.set_level(logging.DEBUG)
    azure.answer(ACCOUNTS, then)

    reading = await azure.inventory.read(LISTED, seconds=30)

    assert any(request.authorized for request in azure.simulator.requests)
    for secret in ("eyJ", azure.simulator.identity_header):
        assert secret not in caplog.text
        assert secret not in repr(reading)


@pytest.mark.parametrize(
    "then",
    [
        Answer(status=400, body={"statusCode": 400, "message": "No identity found."}),
        Answer(body={"access_token": "x", "token_type": "Bearer"}),
    ],
)
async def test_no_token_is_told_as_such_and_tried_anew(azure: Azure, then: Effect) -> None:
    """P11: an identity granted a minute later ends the gap at the next scan."""
    fault = Fault(path=IDENTITY, then=then)
    azure.simulator.faults.add(fault)

    refused = await azure.inventory.read(LISTED, seconds=10)
    azure.simulator.faults.remove(fault)
    granted = await azure.inventory.read(LISTED, seconds=10)

    assert refused.gap is not None
    assert refused.gap.reason is GapReason.UNAUTHENTICATED
    assert "AZURE_CLIENT_ID" in (refused.gap.detail or "")
    assert granted.gap is None
