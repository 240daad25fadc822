"""Scans that somebody asks for, and pollers that follow what they bring."""

import pytest

from local.simulator import Fault, Hold
from local.stack import Answer
from tests.functional.conftest import OpenScene
from tests.functional.estate_kit import CMK, MICROSOFT, Scene, accounts_of, estate_of

pytestmark = pytest.mark.long


def _follow(scene: Scene, link: str) -> Answer:
    """Get a link that an answer named, as any client does."""
    origin = f"{scene.host.url}/api/"
    assert link.startswith(origin)
    return scene.get(link.removeprefix(origin))


def test_a_request_starts_a_scan_and_leads_to_its_outcome(open_scene: OpenScene) -> None:
    """It shows a fix at once; impatience starts no second scan beside or right after it."""
    scene = open_scene(estate_of({"chat": MICROSOFT, "search": CMK}))
    hold = Hold()
    fault = Fault(path=accounts_of(1), hold=hold)
    scene.simulator.faults.add(fault)

    started = scene.post_scan()
    hold.wait_until_reached()
    running = _follow(scene, started.headers["location"])
    beside = scene.post_scan()
    scene.simulator.faults.remove(fault)
    scene.wait_for_scan("complete")
    scan = _follow(scene, started.headers["location"]).body
    after = scene.post_scan()

    assert (started.status, started.headers["cache-control"]) == (202, "no-store")
    shown = {"id": started.body["id"], "state": "running", "trigger": "request", "scope": "full"}
    assert running.body.items() >= {**shown, "finishedAt": None, "posture": None}.items()
    progress = {"slices": 1, "slicesDone": 0, "slicesInWork": 1, "subscriptionsDone": 0}
    assert running.body["progress"].items() >= progress.items()
    assert (scan["state"], scan["posture"], scan["changes"]) == ("complete", "non_compliant", 2)
    assert scan["accounts"] == scene.status()["accounts"]
    assert (beside.status, beside.body["error"]["code"]) == (409, "ScanRunning")
    assert (after.status, after.body["error"]["code"]) == (429, "TooManyRequests")
    assert 1 <= int(after.headers["retry-after"]) <= 60
    for refused in (beside, after):
        assert _follow(scene, refused.headers["location"]).body == scan
    assert scan.pop("progress") is None
    assert scene.get("v1/scans").body == {"value": [scan]}
