"""Exceptions over the whole app: exemptions read from Azure, judged, counted, told, and ended."""

from collections import Counter
from typing import Any, Final

import pytest

from local.simulator import PolicyType, load_estate
from tests.functional.conftest import OpenScene
from tests.functional.estate_kit import Scene, codes, next_second
from tests.functional.exception_kit import ACCEPT

pytestmark = pytest.mark.long

POLICIES: Final = frozenset({"exemption", "assignment", "policy"})


def posture_of(scene: Scene) -> tuple[str, int, list[str]]:
    """Return the posture, how many accounts are excepted, and the codes of the reasons."""
    status = scene.status()
    return status["posture"], status["accounts"]["excepted"], codes(status)


def told(scene: Scene) -> Counter[tuple[str, str]]:
    """Return what was told of exceptions since this was last asked."""
    return Counter(each for each in scene.news() if each[0].startswith("exception."))


def rescan(scene: Scene) -> Counter[tuple[str, str]]:
    """Scan once more; return what was told of exceptions."""
    next_second()
    scene.scan()
    return told(scene)


def as_named(finding: dict[str, Any]) -> bool:
    """Return whether an account has the exception that its name begins with."""
    name, exception = finding["name"], finding["exception"]
    if name.startswith(("none-", "unneeded-")):
        return exception is None
    reason: str = exception["reason"]
    is_named = name.replace("-", "_").startswith(reason)
    return is_named and exception["honoured"] is (reason == "honoured")


def test_every_account_has_the_exception_that_it_is_named_after(open_scene: OpenScene) -> None:
    """P1, P4, P11: every way once, a quiet third scan, and each part asked for once."""
    estate = load_estate("exceptions")
    [listed] = [
        str(each.find("properties.policyAssignmentId"))
        for each in estate.policies.of_type(PolicyType.EXEMPTION)
        if each.name == "honoured-if-listed"
    ]
    settings = {"CMK_KEY_HEALTH": "on", "CMK_EXCEPTION_ASSIGNMENTS": listed, **ACCEPT}
    scene = open_scene(estate, **settings)
    scene.scan()
    findings = scene.findings()
    asked = [each for each in scene.simulator.requests if each.kind in POLICIES]
    first = told(scene)
    second, rows = rescan(scene), scene.storage.rows("cmkfindings")

    quiet = rescan(scene)

    wrong = [
        (name, finding["exception"]) for name, finding in findings.items() if not as_named(finding)
    ]
    assert wrong == []
    honoured = [
        name for name, each in findings.items() if (each["exception"] or {}).get("honoured")
    ]
    assert posture_of(scene)[:2] == ("non_compliant", len(honoured))
    assert {name for kind, name in first if kind == "exception.started"} == set(honoured)
    # What the first scan finds is sent to nobody, so the second reminds.
    assert {kind for kind, _ in first} == {"exception.started"}
    assert second == Counter(
        ("exception.expiring", f"honoured-ends-{when}") for when in ("soon", "at-once")
    )
    assert quiet == Counter()
    assert scene.storage.rows("cmkfindings") == rows
    # One list for each subscription that has a violation; what they name is read once.
    assert Counter(each.kind for each in asked)["exemption"] == 4
    assert max(Counter(each.path.lower() for each in asked).values()) == 1
    assert findings["exemption-unread-list"]["exception"]["missingAction"] == (
        "Microsoft.Authorization/policyExemptions/read"
    )
