"""checkov over the templates and over what they create: each finding has its reason here."""

import json
import os
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.guard.documents import ROOT
from tests.guard.infra.bicep_kit import TEMPLATES, Bicep, Json
from tests.guard.infra.deny_rules import SETS

pytestmark = pytest.mark.long

PYTHON: Final = ROOT / ".venv/checkov/bin/python"
# checkov has the grammar of a path worked out anew for each of the hundreds of paths that it looks
# at, which takes most of its time; once for each kind of parser is enough.
_START: Final = """
import runpy
import ply.yacc

work_out, known = ply.yacc.yacc, {}

def once(module, **options):
    if type(module) not in known:
        known[type(module)] = work_out(module=module, **options)
    return known[type(module)]

ply.yacc.yacc = once
runpy.run_module("checkov.main", run_name="__main__")
"""
_LOGS: Final = "a log that Flex Consumption does not have: all goes to Application Insights"
REASONS: Final = {
    "CKV_AZURE_13": "it looks for an older resource; function keys, or authsettingsV2 as an option",
    "CKV_AZURE_17": "people come with browsers and dashboards; they have keys or sign in",
    "CKV_AZURE_35": "an option, which production takes: see options.toml",
    "CKV_AZURE_36": "nothing of Azure reads this storage past its network",
    "CKV_AZURE_43": "the name is worked out: test_snapshots.py looks at it",
    "CKV_AZURE_59": "an option, which production takes: see options.toml",
    "CKV_AZURE_63": _LOGS,
    "CKV_AZURE_65": _LOGS,
    "CKV_AZURE_66": _LOGS,
    "CKV_AZURE_80": "the app is in Python",
    "CKV_AZURE_88": "Flex Consumption mounts no files: the package lies in a container",
    "CKV_AZURE_206": "findings stay in their region; the next scan reads anew what is lost",
    "CKV_AZURE_212": "Flex Consumption counts instances by itself",
    "CKV_AZURE_213": "Flex Consumption replaces instances by itself and takes no path to ask",
    "CKV_AZURE_222": "an option; checkov looks for it in the settings below the site too",
    "CKV_AZURE_225": "an option, which production takes: see options.toml",
}


def _readable(template: Json) -> Json:
    """Return a template with its resources in a list; checkov passes over any other.

    The templates of its modules are left out: each of them is looked at as one of its own.
    """
    resources = template.get("resources", [])
    if isinstance(resources, dict):
        resources = [one for one in resources.values() if not one.get("existing")]
    return {**template, "resources": [_without_template(one) for one in resources]}


def _without_template(resource: Json) -> Json:
    if resource["type"] != "Microsoft.Resources/deployments":
        return resource
    properties = {name: each for name, each in resource["properties"].items() if name != "template"}
    return {**resource, "properties": properties}


@pytest.fixture(scope="module")
def found(
    compiler: Bicep, created: dict[str, list[Json]], tmp_path_factory: pytest.TempPathFactory
) -> Json:
    """Return what checkov says, in one run: to load it takes longer than to check.

    Of all templates, each module being one, and of what each parameter set creates, as one more.
    """
    if not PYTHON.exists() and os.environ.get("CI", "").lower() not in {"true", "1"}:
        pytest.skip("NOT CHECKED: checkov is not installed: run `make checkov`")
    folder = tmp_path_factory.mktemp("checkov")
    for path in TEMPLATES:
        name = Path(path).with_suffix("").as_posix().replace("/", "_")
        _write(folder / "templates" / name, _readable(compiler.compiled(path)[0]))
    whole = compiler.compiled("group.bicep")[0]
    head = {key: whole[key] for key in ("$schema", "contentVersion")}
    for name, resources in created.items():
        _write(folder / "sets" / name, {**head, "resources": resources})
    options = ["--framework", "arm", "--skip-download", "--soft-fail", "--output", "json"]
    run = subprocess.run(
        [PYTHON, "-c", _START, "--directory", folder, *options],
        # What it would fetch, it does without: there is no proxy at this port.
        env={"PATH": os.defpath, "HOME": str(folder), "HTTPS_PROXY": "http://127.0.0.1:9"},
        capture_output=True,
        text=True,
        timeout=300,  # it takes ten seconds on a quiet machine
        check=True,
    )
    said: Json = json.loads(run.stdout)
    return said


def _write(path: Path, template: Json) -> None:
    path.parent.mkdir(exist_ok=True)
    path.with_suffix(".json").write_text(json.dumps(template))


def test_each_template_and_each_parameter_set_was_looked_at(found: Json) -> None:
    """A template that cannot be parsed is passed over, and nothing fails in it."""
    seen = {check["file_path"] for check in _checks(found, "passed", "failed")}
    modules = {f"/templates/modules_{name}.json" for name in ("app", "storage", "network")}

    assert found["summary"]["parsing_errors"] == 0
    assert modules <= seen
    assert {f"/sets/{name}.json" for name in SETS} == {name for name in seen if "/sets/" in name}


def test_what_fails_has_a_reason_and_each_reason_is_still_needed(found: Json) -> None:
    """A reason for what is long mended would hide the fault when it comes back."""
    failed = {check["check_id"]: check["check_name"] for check in _checks(found, "failed")}

    assert failed.keys() == REASONS.keys(), failed


def _checks(results: Json, *kinds: str) -> list[Json]:
    return [check for kind in kinds for check in results["results"][f"{kind}_checks"]]
