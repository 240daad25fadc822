"""What the app sends, to whom, and where no credential may ever turn up."""

import json
import re
from urllib.parse import urlsplit

import pytest

from local.azurite import KEY
from local.simulator import ITSELF, PLAIN_HTTP, Answer, Close, Fault, NextLink, arm_error
from local.simulator.faults import Effect
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
    assert {request.method for request in requests} == {"GET"}
    assert {request.host for request in requests} == {urlsplit(scene.simulator.url).netloc}
    listed = {accounts_of(1), accounts_of(2)}
    assert {request.path for request in requests} == {IDENTITY, "/subscriptions", *listed}
    audiences = {request.audience for request in requests if request.path != IDENTITY}
    assert audiences == {scene.simulator.url}
    assert not [request for request in requests if request.path == IDENTITY and request.authorized]


@pytest.mark.parametrize("path", ["/subscriptions", accounts_of(2)], ids=["list", "accounts"])
@pytest.mark.parametrize(
    "link", ["{foreign}{target}", "{foreign}/", "https://{host}@{foreign_host}{target}"]
)
def test_p2_p6_a_next_link_to_another_host_gets_no_token_and_no_request(
    open_scene: OpenScene, path: str, link: str
) -> None:
    """Whoever controls one answer must neither get the token nor end the list early."""
    scene = open_scene(estate_of({"chat": CMK}, {"lab": MICROSOFT}))
    scene.scan()
    foreign = scene.simulator.foreign()
    url = link.replace("{foreign}", foreign.url)
    url = url.replace("{foreign_host}", urlsplit(foreign.url).netloc)
    scene.simulator.faults.add(Fault(path=path, then=NextLink(url)))

    scene.scan()

    assert len(foreign.requests) == 0
    assert scene.verdicts() == {"chat": "compliant", "lab": "non_compliant"}
    status = scene.status()
    if path == "/subscriptions":
        assert status["lastScan"]["state"] == "failed"
        assert "untrusted_next_link" in status["lastScan"]["reason"]
    else:
        assert [gap["reason"] for gap in status["gaps"]] == ["untrusted_next_link"]


@pytest.mark.parametrize("then", [ITSELF, PLAIN_HTTP], ids=["itself", "plain http"])
def test_p6_a_next_link_in_a_circle_or_in_the_clear_is_not_followed(
    open_scene: OpenScene, then: Effect
) -> None:
    """A token in the clear is a token lost, and a circle never ends."""
    scene = open_scene(estate_of({"chat": CMK}))
    scene.simulator.faults.add(Fault(path=accounts_of(1), then=then))

    scene.scan()

    assert [gap["reason"] for gap in scene.status()["gaps"]] == ["untrusted_next_link"]
    asked = [request for request in scene.simulator.requests if request.path == accounts_of(1)]
    assert len(asked) == 1


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
    "fault",
    [
        pytest.param(Fault(), id="nothing wrong"),
        pytest.param(
            Fault(path=accounts_of(1), then=arm_error(401, "InvalidAuthenticationToken")), id="401"
        ),
        pytest.param(Fault(path=accounts_of(1), then=Close()), id="closed"),
        pytest.param(
            Fault(path=IDENTITY, then=Answer(status=500, body={"message": "no"})), id="no token"
        ),
        pytest.param(
            Fault(path=IDENTITY, then=Answer(body={"access_token": 7})), id="a token of no sort"
        ),
    ],
)
def test_p6_no_credential_is_written_anywhere(open_scene: OpenScene, fault: Fault) -> None:
    """Logs and rows are read by many who may not read Azure."""
    scene = open_scene(
        estate_of({"chat": CMK}, {"lab": MICROSOFT}),
        CMK_SUBSCRIPTION_TIMEOUT_SECONDS="2",
        CMK_SLICE_SIZE="1",
        **AT_ONCE,
    )
    scene.simulator.faults.add(fault)

    scene.scan()

    written = _everything(scene)
    assert [secret for secret in _secrets(scene) if secret in written] == []
    assert SIGNED.search(written) is None
    # The search would find what was really sent.
    assert SIGNED.match(scene.simulator.tokens.issue(scene.simulator.url).value)
    assert sub_id(1) in written or scene.status()["lastScan"]["state"] == "failed"


def test_p6_an_error_that_repeats_the_token_is_not_repeated(open_scene: OpenScene) -> None:
    """Proxies show the request they refuse, headers and all."""
    scene = open_scene(estate_of({"chat": CMK}))
    token = scene.simulator.tokens.issue(scene.simulator.url).value
    shown = arm_error(403, f"Bearer {token}", f"Refused: Authorization: Bearer {token}")
    scene.simulator.faults.add(Fault(path=accounts_of(1), then=shown))

    scene.scan()

    assert [gap["reason"] for gap in scene.status()["gaps"]] == ["forbidden"]
    assert token[:20] not in _everything(scene)


def test_p6_keys_open_what_they_are_for_and_nothing_else(open_scene: OpenScene) -> None:
    """The key on a dashboard reads; it must not start anything, nor a wrong one say why."""
    scene = open_scene(estate_of({"chat": CMK}))
    keys = scene.host.keys

    wrong = scene.get("v1/status", key="wrong")
    none = scene.get("v1/status", key="")
    by_master = scene.get("v1/status", key=keys.master)
    health = scene.get("health", key="")
    fired = scene.post_admin("scan_on_schedule", keys.functions["api"])

    assert (wrong.status, wrong.body) == (401, None)
    assert (none.status, none.body) == (401, None)
    assert (by_master.status, health.status) == (200, 200)
    assert fired in {401, 403}
    assert scene.storage.rows("cmkscans") == []
