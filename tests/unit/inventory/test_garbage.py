"""Whatever answers in place of Azure Resource Manager: a subscription is never complete for it."""

import json
import logging
from typing import TYPE_CHECKING, Final, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cmk_check.config.settings import Settings
from cmk_check.core.account import Subscription
from cmk_check.inventory.azure_inventory import AzureInventory
from tests.unit.inventory.fake_transport import ARM, FakeCredential, Wire

if TYPE_CHECKING:
    from azure.core.pipeline.transport import AioHttpTransport

SUBSCRIPTION: Final = Subscription("8d3c0000-0000-4000-8000-000000000001")
_PATH: Final = f"/subscriptions/{SUBSCRIPTION.id}/providers/Microsoft.CognitiveServices/accounts"
_JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
_BODIES: Final = st.one_of(
    st.binary(max_size=40),
    _JSON.map(lambda body: json.dumps(body).encode()),
    st.fixed_dictionaries({"value": _JSON.filter(lambda value: value != [])}),
    st.fixed_dictionaries({"value": st.just([]), "nextLink": _JSON.filter(bool)}),
)


async def _nothing() -> None:
    pass


@pytest.mark.parametrize("page", [0, 1])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(garbage=_BODIES)
async def test_garbage_is_a_gap_and_no_bug_of_ours_p1_p11(
    page: int, garbage: object, caplog: pytest.LogCaptureFixture
) -> None:
    """P1, P11: garbage in one answer is Azure's, or a proxy's, and hides no account."""
    caplog.set_level(logging.ERROR)
    first = {"value": [], "nextLink": f"{ARM}{_PATH}?api-version=2025-09-01&page=2"}
    wire = Wire(lambda *_: first if len(wire.asked) <= page else garbage)
    inventory = AzureInventory(
        Settings.load_for_scan(environ={}),
        FakeCredential(),
        cast("AioHttpTransport", wire),
        _nothing,
        back_off=0,
    )

    reading = await inventory.read(SUBSCRIPTION, seconds=20)

    assert reading.gap is not None
    assert "A bug" not in str(reading.gap.detail)
    assert caplog.records == []
