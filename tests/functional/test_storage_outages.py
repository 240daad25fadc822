"""The storage says nothing, is gone, and comes back."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, urlsplit

import pytest

from local.azurite import KEY, Azurite
from tests.functional.conftest import OpenScene
from tests.functional.cuttable_connection import Line
from tests.functional.estate_kit import AT_ONCE, CMK, MICROSOFT, estate_of, sub_id, wait_until
from tests.functional.http_kit import Client, Reply

pytestmark = pytest.mark.long


@pytest.fixture
def lines(azurite: Azurite) -> Iterator[tuple[Line, Line]]:
    """Lines to the services for tables and for queues; asked for first, they outlive the host."""
    ports = [urlsplit(url).port or 0 for url in (azurite.table_url, azurite.queue_url)]
    with Line(ports[0]) as table, Line(ports[1]) as queue:
        yield table, queue


def _over(lines: tuple[Line, Line], azurite: Azurite) -> str:
    """Return the connection string that leads over the lines."""
    text = azurite.connection_string
    for url, line in zip((azurite.table_url, azurite.queue_url), lines, strict=True):
        text = text.replace(url, url.replace(str(urlsplit(url).port), str(line.port)))
    return text


def test_p1_p8_storage_that_is_silent_or_down_is_said_soon_and_survived(
    lines: tuple[Line, Line], open_scene: OpenScene, azurite: Azurite
) -> None:
    """No answer is better than one from memory, but it must come before callers give up.

    Nobody has to restart anything afterwards.
    """
    estate = estate_of({"chat": CMK})
    scene = open_scene(estate, CMK_STORAGE=_over(lines, azurite), **AT_ONCE)
    scene.scan()
    estate.subscription(sub_id(1)).accounts["chat"].set_encryption(MICROSOFT)
    finding = quote(scene.findings()["chat"]["id"])
    routes = ["status", "findings", "findings?q=x", f"findings{finding}", "subscriptions"]
    routes += ["changes", "scans", f"scans/{scene.last_scan()}", "metrics"]
    key = {"x-functions-key": scene.host.keys.functions["api"]}

    def ask(route: str) -> Reply:
        with Client(scene.host.url) as client:
            return client.ask("GET", f"/api/v1/{route}", key)

    for line in lines:
        line.freeze()
    with ThreadPoolExecutor(len(routes)) as pool:
        replies = list(pool.map(ask, routes))
    for line in lines:
        line.cut()
    down, health = scene.get("v1/status"), scene.get("health", key="")
    scene.fire()
    scene.wait_for_line("StoreUnavailable")
    for line in lines:
        line.mend()
    wait_until(lambda: scene.get("v1/status").status == 200, "an answer")
    back = scene.status()
    scene.scan()

    # Lists wait for the places that other lists hold.
    assert {reply.status for reply in replies} <= {503, 429}
    assert [reply.status for reply in replies].count(503) >= len(replies) - 3
    assert max(reply.seconds for reply in replies) < 60
    assert (down.status, down.body["error"]["code"]) == (503, "StorageUnavailable")
    assert down.headers["retry-after"] == "10"
    assert (health.status, health.body) == (503, {"status": "unavailable"})
    assert back["posture"] == "compliant"
    assert scene.status()["posture"] == "non_compliant"
    assert KEY not in "\n".join(scene.host.output())
