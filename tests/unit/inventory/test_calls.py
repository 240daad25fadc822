"""Where a call may lead and by which method, what it keeps, and how long it is of use."""

from typing import TYPE_CHECKING, cast

import pytest
from azure.core.pipeline import PipelineContext, PipelineRequest
from azure.core.rest import HttpRequest

from cmk_check.inventory.calls import Call, Deadline, GraphQuery
from cmk_check.inventory.pipeline import GuardPolicy
from cmk_check.ports import InventoryError

if TYPE_CHECKING:
    from azure.core.pipeline.transport import AioHttpTransport

ARM = "https://management.azure.com"
GRAPH = f"{ARM}/providers/Microsoft.ResourceGraph/resources"
KEY = f"{ARM}/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v/keys/k"
SOON = Deadline(0)


@pytest.mark.parametrize(
    "url",
    [
        f"{ARM}/subscriptions?api-version=1&%24skiptoken=a%2fb%3d",
        f"{ARM}/subscriptions?$skipToken=2021-10-08T20:51:54.043Z",
        "https://MANAGEMENT.azure.com/Subscriptions",
        f"{ARM}:443/subscriptions",
    ],
)
def test_link_of_azure_is_trusted(url: str) -> None:
    """These are the forms that Azure's providers really send."""
    assert Call(ARM, SOON).trusts(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.test/",
        "http://management.azure.com/",
        "https://management.azure.com.evil.test/",
        "https://management.azure.com@evil.test/",
        "https://management.azure.com\\@evil.test/",
        "https://management.azure.com:8443/",
        "//management.azure.com/",
        "/subscriptions",
        f" {ARM}/",
        f"{ARM}/\r\nHost: evil.test",
        f"{ARM}/{{0}}",
        f"{ARM}/{'a' * 20_000}",
    ],
)
def test_link_that_any_parser_could_lead_elsewhere_is_not_trusted_p6(url: str) -> None:
    """P6: the token is sent wherever the link leads."""
    assert not Call(ARM, SOON).trusts(url)


def test_page_is_asked_once_however_it_is_spelled() -> None:
    """A circle of links must not look like a way on."""
    listing = Call(ARM, SOON)

    assert listing.asks(f"{ARM}/s?a=1&b=2%2f")
    assert not listing.asks(f"{ARM}/S?b=2/&a=1")
    assert listing.asks(f"{ARM}/s?a=1&b=3")


def test_list_without_end_is_ended_p8() -> None:
    """P8: a link that is new every time would be followed for ever."""
    listing = Call(ARM, SOON)

    asked = sum(listing.asks(f"{ARM}/s?page={number}") for number in range(1_100))

    assert asked == 1_000


def _let_out(call: Call, method: str, url: str) -> None:
    context = PipelineContext(cast("AioHttpTransport", None), call=call)
    GuardPolicy().on_request(PipelineRequest(HttpRequest(method, url), context))


@pytest.mark.parametrize(
    ("call", "method", "url"), [(Call, "GET", KEY), (GraphQuery, "POST", f"{GRAPH}?api-version=1")]
)
def test_what_only_reads_is_let_out(call: type[Call], method: str, url: str) -> None:
    """The two kinds of calls that there are."""
    _let_out(call(ARM, SOON), method, url)


@pytest.mark.parametrize(
    ("call", "method", "url"),
    [
        *((Call, method, KEY) for method in ("POST", "PUT", "PATCH", "DELETE", "HEAD")),
        (Call, "POST", GRAPH),
        *((GraphQuery, method, GRAPH) for method in ("GET", "PUT", "DELETE")),
        *(
            (GraphQuery, "POST", url)
            for url in (
                KEY,
                f"{GRAPH}/x",
                f"{GRAPH}History",
                f"{ARM}/subscriptions/x/providers/Microsoft.ResourceGraph/resources",
                f"{ARM}/subscriptions/x?/providers/Microsoft.ResourceGraph/resources",
                f"{ARM}/providers/Microsoft.KeyVault/register",
                "https://evil.test/providers/Microsoft.ResourceGraph/resources",
            )
        ),
    ],
)
def test_nothing_else_is_let_out_p5(call: type[Call], method: str, url: str) -> None:
    """P5: the SDK's clients can write, too; a POST elsewhere registers a provider."""
    with pytest.raises(InventoryError, match=r"unexpected_response|untrusted_next_link"):
        _let_out(call(ARM, SOON), method, url)


def test_document_that_never_came_is_no_empty_one_p2() -> None:
    """P2: an operation of the SDK may take an answer without a body for a success."""
    with pytest.raises(InventoryError, match="unexpected_response"):
        Call(ARM, SOON).answer()


async def test_time_left_is_that_of_the_most_patient() -> None:
    """What is asked for once for many has as much time as the one who has most."""
    until = Deadline.within(1)
    call = Call(ARM, until)
    before = call.has_time_for(5)

    until.latest += 10

    assert (before, call.has_time_for(5), call.has_time_for(50)) == (False, True, False)
