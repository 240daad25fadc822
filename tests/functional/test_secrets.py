"""What the app sends, to whom, and where no credential may ever turn up."""

import json
import re
from urllib.parse import urlsplit

import pytest

from local.azurite import KEY
from local.simulator import Answer, Close, Fault, arm_error
from local.simulator.identity import PATH as IDENTITY
from tests.functional.conftest import OpenScene
from tests.functional.estate_kit import (
    AT_ONCE,
    CMK,
    MICROSOFT,
    Scene,
    accounts_of,
    estate_of,
    sub_id,
)

pytestmark = pytest.mark.long

# The one request that is not a GET: a query of Resource Graph, which reads.
QUERIES = "/providers/Microsoft.ResourceGraph/resources"
SUBSCRIPTIONS = "/subscriptions"

# A JSON Web Token, whole or its beginning; a shared key's and a shared access signature.
SIGNED = re.compile(r"eyJ[A-Za-z0-9_-]{10}|SharedKey|[?&]sig=|Bearer ey", re.IGNORECASE)


def _everything(scene: Scene) -> str:
    """Return all that the app wrote: log, rows, messages, answers of the API."""
    answers = [
        scene.get(path)
        for path in ("v1/status", "v1/findings", "v1/openapi.json", "health", "v1/nothing")
    ]
    rows = scene.storage.everything()
    messages = [scene.storage.messages(queue) for queue in ("cmk-slices", "cmk-slices-poison")]
    return "\n".join(
        [
            *scene.host.output(),
            json.dumps(rows, default=str),
            json.dumps(messages),
            *(json.dumps([answer.body, dict(answer.headers)]) for answer in answers),
        ]
    )


def _secrets(scene: Scene) -> list[str]:
    keys = scene.host.keys
    return [
        scene.simulator.identity_header,
        KEY,
        KEY[:20],
        keys.master,
        keys.default,
        *keys.functions.values(),
    ]


def test_p5_p6_it_only_reads_and_writes_no_credential_anywhere(open_scene: OpenScene) -> None:
    """A monitor must not need more trust than a Reader; many may read its logs and rows.

    Azure refuses, hangs up, leads to another host, and repeats a token as proxies do that show the
    request; then there is no token, or one of no sort.
    """
    scene = open_scene(
        estate_of({"chat": CMK, "search": MICROSOFT}, *({f"bot-{n}": CMK} for n in range(4))),
        scan_options={"slice_size": 1, "subscription_timeout": 1},
        **AT_ONCE,
    )
    azure = scene.simulator
    azure.estate.subscription(sub_id(1)).page_sizes = (1,)
    foreign = azure.foreign()
    token = azure.tokens.issue(azure.url).value
    shown = arm_error(403, f"Bearer {token}", f"Refused: Authorization: Bearer {token}")
    azure.faults.add(
        Fault(path=accounts_of(2), then=arm_error(401, "InvalidAuthenticationToken")),
        Fault(path=accounts_of(3), then=Close()),
        Fault(path=accounts_of(4), then=shown),
        Fault(path=accounts_of(5), then=Answer(status=307, headers={"Location": foreign.url})),
    )
    scene.scan()
    requests, secrets, written = list(azure.requests), _secrets(scene), [_everything(scene)]
    gaps = scene.status()["gaps"]
    for answer in (Answer(status=500, body={"message": "no"}), Answer(body={"access_token": 7})):
        azure.faults.clear()
        azure.faults.add(Fault(path=IDENTITY, then=answer))
        scene.restart()
        scene.scan()
        assert scene.status()["lastScan"]["state"] == "failed"
        secrets += _secrets(scene)
        written.append(_everything(scene))

    assert {request.path for request in requests if request.method != "GET"} == {QUERIES}
    assert {request.host for request in requests} == {urlsplit(azure.url).netloc}
    exemptions = f"{SUBSCRIPTIONS}/{sub_id(1)}/providers/Microsoft.Authorization/policyExemptions"
    lists = {accounts_of(number) for number in range(1, 6)}
    expected = {IDENTITY, SUBSCRIPTIONS, QUERIES, exemptions, *lists}
    assert {request.path for request in requests} == expected
    audiences = {request.audience for request in requests if request.path != IDENTITY}
    assert audiences == {azure.url}
    assert not [request for request in requests if request.path == IDENTITY and request.authorized]
    assert (len(gaps), len(foreign.requests)) == (4, 0)
    everything = "\n".join(written)
    assert [secret for secret in [*secrets, token[:20]] if secret in everything] == []
    assert SIGNED.search(everything) is None
    assert SIGNED.match(token)  # the search would find what was really sent
