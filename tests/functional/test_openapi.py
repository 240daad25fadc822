"""The OpenAPI document under linters, and in the hands of a generator of clients."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from cmk_check.config.http_auth import HttpAuth
from tests.functional.conftest import OpenScene
from tests.heavy_tools import CLIENT, OPENAPI
from tests.unit.web.api_kit import Served, as_served
from tests.unit.web.asgi_client import send
from tools import page_types

PACKAGE: Final = "cmk_client"

# The only complaint that stays. Whatever it is asked, health answers 200 or 503: a load balancer
# has no key and sends no parameter.
KEPT: Final = ("operation-4xx-response", "/paths/~1api~1health/get/responses")
# A linter that asked another host, for its telemetry or a newer version, would end.
OFFLINE: Final = """
require("net").Socket.prototype.connect = () => {
  console.error("a linter asked for a host");
  process.exit(99);
};
"""
# What whoever generates a client writes next. A type checker reads it before it runs.
CALLS: Final = f"""
import json
import sys
from typing import assert_type

from {PACKAGE} import AuthenticatedClient
from {PACKAGE}.api.changes import list_changes
from {PACKAGE}.api.results import get_finding, get_status, list_findings
from {PACKAGE}.models import ChangesPage, FindingDetail, FindingsPage, KeyState, Status, Verdict

client = AuthenticatedClient(
    sys.argv[1], sys.argv[2], prefix="", auth_header_name="x-functions-key"
)
status = get_status.sync(client=client)
found = list_findings.sync(client=client, verdict=Verdict.NON_COMPLIANT, q="chat", top=1)
keyed = list_findings.sync(client=client, key_health=KeyState.BROKEN)
changes = list_changes.sync(client=client, last=1)
assert isinstance(status, Status)
assert isinstance(found, FindingsPage)
assert isinstance(keyed, FindingsPage)
assert isinstance(changes, ChangesPage)
assert_type(found.value[0].verdict, Verdict)
one = get_finding.sync(found.value[0].id.removeprefix("/"), client=client)
assert isinstance(one, FindingDetail)
answers = [
    status.accounts.total,
    [[each.name, each.verdict] for each in found.value],
    [each.key_health.state for each in keyed.value if each.key_health],
    [one.name, len(one.history)],
    len(changes.value),
]
print(json.dumps(answers))
"""

pytestmark = pytest.mark.tools("OpenAPI")


def _run(*command: object, folder: Path, **environment: str) -> str:
    done = subprocess.run(
        list(map(str, command)),
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "a linter asked for a host" not in done.stderr
    assert done.returncode in {0, 1}, done.stderr
    return done.stdout


def _complaints(document: object, folder: Path) -> list[tuple[str, str]]:
    """Return the rule and place of every complaint, those of the mildest kind too."""
    (folder / "offline.cjs").write_text(OFFLINE)
    (folder / "openapi.json").write_text(json.dumps(document))
    (folder / "spectral.json").write_text(json.dumps({"extends": ["spectral:oas"]}))
    quiet = {
        "NODE_OPTIONS": f"--require={folder}/offline.cjs",
        "REDOCLY_TELEMETRY": "off",
        "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true",
    }

    def lint(linter: str, *options: str) -> Any:  # noqa: ANN401 - JSON
        command = (OPENAPI / linter, "lint", "openapi.json", "--format=json", *options)
        return json.loads(_run(*command, folder=folder, **quiet))

    redocly = lint("redocly", "--extends=recommended")
    spectral = lint("spectral", "--quiet", "--ruleset=spectral.json")
    places = [(one["ruleId"], one["location"][0]["pointer"][1:]) for one in redocly["problems"]]
    return places + [(one["code"], "/" + "/".join(map(str, one["path"]))) for one in spectral]


@pytest.mark.parametrize("http_auth", ["keys", "entra"])
async def test_linters_have_one_complaint(http_auth: HttpAuth, tmp_path: Path) -> None:
    """Gateways and catalogues of APIs refuse documents that their linters complain of."""
    app = Served().app(as_served(http_auth=http_auth, easy_auth=True))
    document = await send(app, "/api/v1/openapi.json", {"x-ms-client-principal-id": "x"})

    assert _complaints(document.json, tmp_path) == [KEPT]


def test_a_generated_client_works(open_scene: OpenScene, tmp_path: Path) -> None:
    """With its types, against the running app: what the document says is what is answered."""
    scene = open_scene("sample", CMK_KEY_HEALTH="on")
    scene.scan()
    # JSON is YAML. Its usual hooks only format.
    config, document, script = (tmp_path / name for name in ("c.yaml", "openapi.json", "calls.py"))
    config.write_text(json.dumps({"package_name_override": PACKAGE, "post_hooks": []}))
    document.write_text(json.dumps(scene.get("v1/openapi.json").body))
    script.write_text(CALLS)
    python = CLIENT.with_name("python")

    told = _run(
        *(CLIENT, "generate", "--path", document, "--output-path", tmp_path / PACKAGE),
        *("--config", config, "--meta", "none", "--fail-on-warning"),
        folder=tmp_path,
    )
    checked = _run(
        *(sys.executable, "-m", "mypy", "--strict", "--config-file=", "--no-incremental"),
        *(f"--python-executable={python}", script),
        folder=tmp_path,
    )
    answered = _run(
        python, script, scene.host.url, scene.host.keys.functions["api"], folder=tmp_path
    )

    assert told.strip() == f"Generating {tmp_path / PACKAGE}"
    assert checked.startswith("Success: no issues found"), checked
    findings = scene.findings()
    (name,) = [one["name"] for one in findings.values() if one["name"].startswith("Chat")]
    assert json.loads(answered) == [
        len(findings),
        [[name, "non_compliant"]],
        ["broken"],
        [name, 1],
        1,
    ]


def test_the_types_of_the_page_are_those_of_the_document(tmp_path: Path) -> None:
    """Where the models of the API change, `make docs` writes them anew."""
    page_types.generate(tmp_path / "types.d.ts")

    assert (tmp_path / "types.d.ts").read_text() == page_types.TYPES.read_text(), "run `make docs`"
