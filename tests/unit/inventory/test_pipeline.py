"""What may leave, whatever the SDK would send."""

from typing import TYPE_CHECKING, cast

import pytest
from azure.core.pipeline import PipelineContext, PipelineRequest
from azure.core.rest import HttpRequest

from cmk_check.inventory.calls import Call, Deadline, GraphQuery, Listing
from cmk_check.inventory.pipeline import GuardPolicy
from cmk_check.ports import InventoryError

if TYPE_CHECKING:
    from azure.core.pipeline.transport import AioHttpTransport

ARM = "https://management.azure.com"
GRAPH = f"{ARM}/providers/Microsoft.ResourceGraph/resources"
KEY = f"{ARM}/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v/keys/k"
SOON = Deadline(0)


def _guard(call: Call, method: str, url: str) -> None:
    transport = cast("AioHttpTransport", None)
    context = PipelineContext(transport, call=call)
    GuardPolicy().on_request(PipelineRequest(HttpRequest(method, url), context))


@pytest.mark.parametrize("call", [Listing(ARM, SOON), Call(ARM, SOON)])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "HEAD"])
@pytest.mark.parametrize("url", [KEY, GRAPH])
def test_nothing_but_get_is_let_out_p5(call: Call, method: str, url: str) -> None:
    """P5: the SDK's clients can write as well, and their rights may be larger than needed."""
    with pytest.raises(InventoryError, match="unexpected_response"):
        _guard(call, method, url)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_query_is_let_out_by_post_alone_p5(method: str) -> None:
    """P5: whoever says that he queries does nothing else."""
    with pytest.raises(InventoryError, match="unexpected_response"):
        _guard(GraphQuery(ARM, SOON), method, GRAPH)


def test_post_to_anything_but_resource_graph_is_refused_p5() -> None:
    """P5: with other addresses a POST registers a provider, or creates a key."""
    with pytest.raises(InventoryError, match="untrusted_next_link"):
        _guard(GraphQuery(ARM, SOON), "POST", KEY)


def test_what_only_reads_is_let_out() -> None:
    """The three kinds of calls that there are."""
    _guard(Listing(ARM, SOON), "GET", KEY)
    _guard(Call(ARM, SOON), "GET", KEY)
    _guard(GraphQuery(ARM, SOON), "POST", GRAPH)
