"""The methods of Azure's packages that are called: a later version may have renamed or lost one."""

import inspect
from collections.abc import Callable
from operator import attrgetter

import pytest
from azure.mgmt.cognitiveservices.aio import CognitiveServicesManagementClient
from azure.mgmt.subscription.aio import SubscriptionClient

from tests.unit.inventory.fake_transport import Wire, reader_over

CALLED: dict[Callable[..., object], list[str]] = {
    SubscriptionClient: ["subscriptions.list"],
    CognitiveServicesManagementClient: ["accounts.list", "accounts.get"],
}


@pytest.mark.parametrize(
    ("of", "method"), [(of, method) for of, methods in CALLED.items() for method in methods]
)
def test_each_method_that_is_called_exists_and_passes_our_call_on(
    of: Callable[..., object], method: str
) -> None:
    """Without it, each subscription would be a gap after an upgrade; the pipeline needs `call`."""
    needs_subscription = "subscription_id" in inspect.signature(of).parameters
    client = reader_over(Wire(lambda *_: None)).client(of, *["s"] * needs_subscription)

    signature = inspect.signature(attrgetter(method)(client))

    assert inspect.Parameter.VAR_KEYWORD in {each.kind for each in signature.parameters.values()}
