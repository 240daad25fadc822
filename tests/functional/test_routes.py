"""Several receivers over the whole stack: owners choose among them, and one may be away."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.functional.conftest import OpenScene
from tests.functional.estate_kit import CMK, MICROSOFT, estate_of, sub_id, wait_until
from tests.functional.webhook_receiver import Receiver

ROUTES: list[dict[str, Any]] = [
    {"name": "all"},
    {"name": "data", "owners": ["data"]},
    {"name": "nobody", "owners": [None]},
]


@pytest.fixture
def receivers() -> Iterator[dict[str, Receiver]]:
    """The receivers by route; asked for first, they outlive the host."""
    with ExitStack() as stack:
        yield {route["name"]: stack.enter_context(Receiver()) for route in ROUTES}


@pytest.mark.long
def test_p3_each_route_is_told_of_its_owners_and_waits_for_no_other(
    receivers: dict[str, Receiver], open_scene: OpenScene
) -> None:
    """The tag of a subscription names one of them; the one for all is away for a while."""
    estate = estate_of({"chat": CMK}, {"lab": CMK})
    estate.subscription(sub_id(2)).tags = {"Owner": "data"}
    urls = {f"CMK_ROUTE_{name.upper()}_URL": one.url for name, one in receivers.items()}
    scene = open_scene(estate, CMK_ROUTES=json.dumps(ROUTES), **urls)
    scene.scan()
    wait_until(lambda: receivers["all"].posts, "the baseline", show=scene.tail)
    receivers["all"].status = 503
    for number, name in ((1, "chat"), (2, "lab")):
        estate.subscription(sub_id(number)).accounts[name].set_encryption(MICROSOFT)

    scene.scan()
    wait_until(
        lambda: receivers["data"].posts and receivers["nobody"].posts, "both", show=scene.tail
    )
    line = json.loads(scene.wait_for_line('"state":"retry"'))
    receivers["all"].status = 200
    # As the one that is hidden for a minute, seen earlier.
    again = {name: line[name] for name in ("first", "last", "route")}
    scene.storage.send(again | {"attempt": 1, "since": datetime.now(UTC).isoformat()}, "cmk-tell")
    wait_until(lambda: len(receivers["all"].told()) == 3, "the rest", show=scene.tail)

    assert line["route"] == "all"
    assert receivers["data"].told() == [("account.violated", "lab")]
    assert receivers["nobody"].told() == [("account.violated", "chat")]
    assert sorted(receivers["all"].told()[1:]) == [
        ("account.violated", "chat"),
        ("account.violated", "lab"),
    ]
