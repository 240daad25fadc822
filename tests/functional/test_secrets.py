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


def test_p5_only_get_is_sent_and_only_to_the_configured_hosts(open_scene: OpenScene) -> None:
    """A monitor with a Reader role must not need to be trusted with more."""
    estate = estate_of({"chat": CMK, "search": MICROSOFT}, {"lab": CMK})
    estate.subscription(sub_id(1)).page_sizes = (1,)
    scene = open_scene(estate)
    denied = arm_error(403, "AuthorizationFailed")
    unregistered = arm_error(409, "MissingSubscriptionRegistration")
    scene.simulator.faults.add(
        Fault(path=accounts_of(1), times=1, then=unregistered),
        Fault(path=accounts_of(2), times=1, then=denied),
    )
    scene.scan()

    scene.scan()

    requests = list(scene.simulator.requests)
    posted = {request.path for request in requests if request.method != "GET"}
    assert posted == {QUERIES}
    assert {request.host for request in requests} == {urlsplit(scene.simulator.url).netloc}
    listed = {accounts_of(1), accounts_of(2)}
    exemptions = {f"{SUBSCRIPTIONS}/{sub_id(1)}/providers/Microsoft.Authorization/policyExemptions"}
    paths = {IDENTITY, SUBSCRIPTIONS, QUERIES, *listed}
    assert {request.path for request in requests} - paths <= exemptions
    audiences = {request.audience for request in requests if request.path != IDENTITY}
    assert audiences == {scene.simulator.url}
    assert not [request for request in requests if request.path == IDENTITY and request.authorized]


@pytest.mark.long
def test_p6_a_redirect_to_another_host_is_not_followed(open_scene: OpenScene) -> None:
    """As for a nextLink: a redirect must not carry the token along."""
    scene = open_scene(estate_of({"chat": CMK}))
    foreign = scene.simulator.foreign()
    there = Answer(status=307, headers={"Location": f"{foreign.url}{accounts_of(1)}"})
    scene.simulator.faults.add(Fault(path=accounts_of(1), then=there))

    scene.scan()

    assert len(foreign.requests) == 0
    assert scene.status()["lastScan"]["state"] == "incomplete"


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param(
            [
                Fault(path=accounts_of(1), then=arm_error(401, "InvalidAuthenticationToken")),
                Fault(path=accounts_of(2), then=Close()),
            ],
            id="Azure fails",
        ),
        pytest.param(
            [Fault(path=IDENTITY, then=Answer(status=500, body={"message": "no"}))],
            id="no token",
            marks=pytest.mark.long,
        ),
        pytest.param(
            [Fault(path=IDENTITY, then=Answer(body={"access_token": 7}))],
            id="a token of no sort",
            marks=pytest.mark.long,
        ),
    ],
)
def test_p6_no_credential_is_written_anywhere(open_scene: OpenScene, faults: list[Fault]) -> None:
    """Logs and rows are read by many who may not read Azure."""
    scene = open_scene(
        estate_of({"chat": CMK}, {"lab": MICROSOFT}, {"ops": CMK}),
        CMK_SUBSCRIPTION_TIMEOUT_SECONDS="1",
        CMK_SLICE_SIZE="1",
        **AT_ONCE,
    )
    scene.simulator.faults.add(*faults)

    scene.scan()

    written = _everything(scene)
    assert [secret for secret in _secrets(scene) if secret in written] == []
    assert SIGNED.search(written) is None
    # The search would find what was really sent.
    assert SIGNED.match(scene.simulator.tokens.issue(scene.simulator.url).value)
    assert sub_id(1) in written or scene.status()["lastScan"]["state"] == "failed"


@pytest.mark.long
def test_p6_an_error_that_repeats_the_token_is_not_repeated(open_scene: OpenScene) -> None:
    """Proxies show the request they refuse, headers and all."""
    scene = open_scene(estate_of({"chat": CMK}))
    token = scene.simulator.tokens.issue(scene.simulator.url).value
    shown = arm_error(403, f"Bearer {token}", f"Refused: Authorization: Bearer {token}")
    scene.simulator.faults.add(Fault(path=accounts_of(1), then=shown))

    scene.scan()

    assert [gap["reason"] for gap in scene.status()["gaps"]] == ["forbidden"]
    assert token[:20] not in _everything(scene)
