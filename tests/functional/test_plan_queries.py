"""What a plan's script asks of vault and key, answered by the library that az has for queries."""

import json
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from cmk_check.core.remediation.az_script import render_az
from tests.fakes.broken_keys import KEYS_IN_TROUBLE
from tests.fakes.remediation import BARE, Watched, finding_of, planned
from tests.heavy_tools import AZ
from tests.unit.core.remediation.test_key_script import CASES, script_of, scripted

pytestmark = pytest.mark.tools("az")

type Shapes = tuple[tuple[dict[str, Any], bool], ...]

EVALUATE: Final = (
    "import jmespath, json, sys;"
    "print(json.dumps([jmespath.search(sys.argv[1], each) for each in json.load(sys.stdin)]))"
)
GOOD_KEY: Final[dict[str, Any]] = {
    "kty": "RSA",
    "keySize": 2048,
    "keyOps": ["encrypt", "wrapKey", "unwrapKey"],
    "attributes": {"enabled": True, "nbf": 1600000000, "exp": 9999999999},
}
KEYS: Final[Shapes] = (
    (GOOD_KEY, True),
    ({"kty": "RSA-HSM"}, True),
    (GOOD_KEY | {"keySize": 4096, "attributes": {"enabled": True}}, True),
    (GOOD_KEY | {"kty": "EC"}, False),
    (GOOD_KEY | {"keySize": 1024}, False),
    (GOOD_KEY | {"keyOps": ["wrapKey"]}, False),
    (GOOD_KEY | {"keyOps": []}, False),
    (GOOD_KEY | {"attributes": {"enabled": False}}, False),
    (GOOD_KEY | {"attributes": {"enabled": True, "exp": 1600000000}}, False),
    (GOOD_KEY | {"attributes": {"enabled": True, "nbf": 9999999999}}, False),
    ({}, False),
)
FIREWALLS: Final[Shapes] = (
    ({}, False),
    ({"networkAcls": None}, False),
    ({"networkAcls": {"defaultAction": "Allow", "bypass": "None"}}, False),
    ({"networkAcls": {"defaultAction": "Deny", "bypass": "AzureServices"}}, False),
    ({"networkAcls": {"defaultAction": "Deny", "bypass": "None"}}, True),
    ({"networkAcls": {"defaultAction": "Deny"}}, True),
)


USES: Final = ["get", "wrapKey", "unwrapKey"]
MINE: Final = {"objectId": "principal-system", "permissions": {"keys": USES}}
# With an application id it is for a user behind that application.
POLICIES: Final[Shapes] = (
    ({"accessPolicies": [MINE]}, True),
    ({"accessPolicies": [MINE | {"applicationId": None}]}, True),
    ({"accessPolicies": [MINE | {"applicationId": "c11e0000"}]}, False),
    ({"accessPolicies": [MINE | {"objectId": "another"}]}, False),
    ({"accessPolicies": []}, False),
)


# What is asked of a key that is in trouble, by what stands in the question; the date is far.
LATER: Final[Shapes] = (
    ({"attributes": {"nbf": 9999999999}}, True),
    ({"attributes": {"nbf": 1600000000}}, False),
    ({"attributes": {}}, False),
    ({}, False),
)
ENDS: Final[Shapes] = (
    ({"attributes": {"exp": 1600000000}}, True),
    ({"attributes": {"exp": 1600000000, "created": 1500000000}}, True),
    ({"attributes": {"exp": 1600000000, "created": 9999999999}}, False),
    ({"attributes": {"exp": 9999999999}}, False),
    ({"attributes": {}}, False),
    ({}, False),
)
MADE: Final[Shapes] = (
    ({"attributes": {"created": 1600000000}}, True),
    ({"attributes": {"created": 9999999999}}, False),
    ({"attributes": {}}, False),
    ({}, False),
)


type Calls = Callable[[Path], Sequence[tuple[str, ...]]]


def _account(folder: Path) -> Sequence[tuple[str, ...]]:
    """Return the calls of the script for an account without a key."""
    return Watched(folder, BARE).run(render_az(planned(finding_of()))).calls


def _key(what: str) -> Calls:
    """Return the calls of the script for a key in this trouble."""
    return lambda folder: scripted(folder, CASES[what], script_of(KEYS_IN_TROUBLE[what])).calls


@pytest.mark.parametrize(
    ("calls", "name", "shapes"),
    [
        (_account, "properties.kty", KEYS),
        (_account, "networkAcls", FIREWALLS),
        (_key("key not yet valid"), "properties.attributes.nbf >", LATER),
        (_key("key expired"), "properties.attributes.exp !=", ENDS),
        (_key("rotation overdue"), "properties.attributes.created <", MADE),
        (_key("key disabled"), "contains(['RSA'", KEYS),
        (_key("no policy"), "properties.accessPolicies", POLICIES),
    ],
    ids=["key", "vault", "not yet valid", "expired", "rotation overdue", "disabled", "policy"],
)
def test_az_answers_the_questions_of_a_script_as_they_are_meant(
    tmp_path: Path, calls: Calls, name: str, shapes: Shapes
) -> None:
    """A query that is never true stops everybody; one that always is lets a dead key through."""
    words = [word for call in calls(tmp_path) for word in call]
    query, *_ = [word for word in words if word.startswith("--query=") and name in word]

    ended = subprocess.run(
        [AZ, "-c", EVALUATE, query.removeprefix("--query=")],
        input=json.dumps([{"properties": properties} for properties, _ in shapes]),
        capture_output=True,
        check=True,
        text=True,
    )

    answers = [answer is True or answer == USES for answer in json.loads(ended.stdout)]
    assert answers == [expected for _, expected in shapes]
