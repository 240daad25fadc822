"""What a plan's script asks of vault and key, answered by the library that az has for queries."""

import json
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from cmk_check.core.remediation.az_script import render_az
from tests.fakes.remediation import BARE, Watched, finding_of, planned
from tests.functional.az_kit import PYTHON, skip_without_az

pytestmark = pytest.mark.long

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


@pytest.mark.parametrize(
    ("name", "shapes"), [("properties.kty", KEYS), ("networkAcls", FIREWALLS)], ids=["key", "vault"]
)
def test_az_answers_the_questions_of_a_script_as_they_are_meant(
    tmp_path: Path, name: str, shapes: Shapes
) -> None:
    """A query that is never true stops everybody; one that always is lets a dead key through."""
    skip_without_az()
    calls = Watched(tmp_path, BARE).run(render_az(planned(finding_of()))).calls
    words = [word for call in calls for word in call]
    (query,) = [word for word in words if word.startswith("--query=") and name in word]

    ended = subprocess.run(
        [PYTHON, "-c", EVALUATE, query.removeprefix("--query=")],
        input=json.dumps([{"properties": properties} for properties, _ in shapes]),
        capture_output=True,
        check=True,
        text=True,
    )

    assert json.loads(ended.stdout) == [expected for _, expected in shapes]
