"""The storage: reached by identity, gone and back again; and settings that make no sense."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
import trustme

from local.azurite import KEY, Azurite, Certificate
from local.simulator import Estate
from local.stack import Stack
from tests.functional.conftest import OpenScene
from tests.functional.cuttable_connection import Line
from tests.functional.estate_kit import (
    AT_ONCE,
    CMK,
    MICROSOFT,
    bundle,
    estate_of,
    sub_id,
    wait_until,
)
from tests.functional.http_kit import Client, Reply


@dataclass(frozen=True, slots=True)
class Https:
    """Azurite over HTTPS, the certificate authority behind it, and a folder for files."""

    azurite: Azurite
    authority: Path
    folder: Path


@pytest.fixture
def azurite_https(tmp_path: Path) -> Iterator[Https]:
    """Azurite that takes tokens, as the storage on Azure does."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    issued = authority.issue_cert("127.0.0.1")
    certificate = Certificate(tmp_path / "certificate.pem", tmp_path / "key.pem")
    issued.cert_chain_pems[0].write_to_path(certificate.certificate)
    issued.private_key_pem.write_to_path(certificate.key)
    with Azurite(certificate=certificate) as running:
        yield Https(running, tmp_path / "authority.pem", tmp_path)


class StackByIdentity(Stack):
    """The stack as on Azure: no connection string, tokens for everything."""

    def __init__(self, estate: Estate, https: Https) -> None:
        super().__init__(estate, azurite=https.azurite)
        self._https = https

    def environment(self) -> dict[str, str]:
        """Name the storage by its addresses, and trust both certificate authorities."""
        trusted = bundle(self._https.folder, self._https.authority, self.simulator.ca_file)
        environment = super().environment() | {
            "CMK_STORAGE__tableServiceUri": self.azurite.table_url,
            "CMK_STORAGE__queueServiceUri": self.azurite.queue_url,
            "CMK_STORAGE__credential": "managedidentity",
            "SSL_CERT_FILE": str(trusted),
            "REQUESTS_CA_BUNDLE": str(trusted),
        }
        del environment["CMK_STORAGE"]
        return environment


@pytest.mark.long
def test_p5_p6_a_scan_with_storage_by_identity_needs_no_key(azurite_https: Https) -> None:
    """This is how it runs on Azure: each service gets a token of its own and no other's."""
    with StackByIdentity(estate_of({"chat": CMK, "search": MICROSOFT}), azurite_https) as stack:
        stack.scan()
        first = stack.get("v1/findings").body["value"]
        stack.simulator.estate.subscription(sub_id(1)).accounts["search"].set_encryption(CMK)
        stack.scan()
        status = stack.get("v1/status").body
        requests = list(stack.simulator.requests)
        output = "\n".join(stack.host.output())
        arm = stack.simulator.url

    assert {found["name"]: found["verdict"] for found in first} == {
        "chat": "compliant",
        "search": "non_compliant",
    }
    assert status["posture"] == "compliant"
    asked = {request.query["resource"] for request in requests if "msi" in request.path}
    assert asked == {arm, "https://storage.azure.com"}
    assert {request.audience for request in requests if request.authorized} == {arm}
    assert "eyJ" not in output
    assert KEY not in output


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


@pytest.mark.long
def test_p1_storage_that_is_down_is_said_and_survived(
    lines: tuple[Line, Line], open_scene: OpenScene, azurite: Azurite
) -> None:
    """No answer is better than one from memory; and nobody has to restart anything afterwards."""
    text = _over(lines, azurite)
    estate = estate_of({"chat": CMK})
    scene = open_scene(estate, CMK_STORAGE=text, **AT_ONCE)
    scene.scan()
    estate.subscription(sub_id(1)).accounts["chat"].set_encryption(MICROSOFT)
    for line in lines:
        line.cut()

    down, findings = scene.get("v1/status"), scene.get("v1/findings")
    health = scene.get("health", key="")
    scene.fire()
    scene.wait_for_line("StoreUnavailable")
    for line in lines:
        line.mend()
    wait_until(lambda: scene.get("v1/status").status == 200, "an answer")
    back = scene.status()
    scene.scan()

    assert down.status == findings.status == 503
    assert down.body["error"]["code"] == "StorageUnavailable"
    assert down.headers["retry-after"] == "10"
    assert (health.status, health.body) == (503, {"status": "unavailable"})
    assert back["posture"] == "compliant"
    assert scene.status()["posture"] == "non_compliant"
    assert KEY not in "\n".join(scene.host.output())


@pytest.mark.long
def test_p1_storage_that_answers_nothing_is_said_within_ten_seconds(
    lines: tuple[Line, Line], open_scene: OpenScene, azurite: Azurite
) -> None:
    """Dashboards and balancers give up themselves after some time, and then nobody knows why."""
    scene = open_scene(estate_of({"chat": CMK}), CMK_STORAGE=_over(lines, azurite), **AT_ONCE)
    scene.scan()
    finding = quote(scene.findings()["chat"]["id"])
    routes = ["status", "findings", "findings?q=x", f"findings{finding}", "subscriptions"]
    routes += ["changes", "scans", f"scans/{scene.last_scan()}", "metrics"]
    key = {"x-functions-key": scene.host.keys.functions["api"]}
    for line in lines:
        line.freeze()

    def ask(asked: tuple[str, str]) -> Reply:
        with Client(scene.host.url) as client:
            return client.ask(asked[0], f"/api/v1/{asked[1]}", key)

    asked = [(method, route) for route in routes for method in ("GET", "HEAD")]
    with ThreadPoolExecutor(len(asked)) as pool:
        replies = list(pool.map(ask, asked))
    for line in lines:
        line.mend()
    wait_until(lambda: scene.get("v1/status").status == 200, "an answer")

    # Lists wait for the places that other lists hold.
    assert {reply.status for reply in replies} <= {503, 429}
    assert [reply.status for reply in replies].count(503) >= len(replies) - 3
    assert max(reply.seconds for reply in replies) < 10
