"""checkov over the templates and over what they create: each finding has its reason here."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from tests.guard.documents import ROOT
from tests.guard.infra.bicep_kit import TEMPLATES, Bicep, Json
from tests.guard.infra.deny_rules import SETS

pytestmark = pytest.mark.long

PYTHON: Final = ROOT / ".venv/checkov/bin/python"
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
    """Return a template with its resources in a list; checkov passes over any other."""
    resources = template.get("resources", [])
    if isinstance(resources, dict):
        resources = [one for one in resources.values() if not one.get("existing")]
    return {**template, "resources": resources}


def _checked(templates: Mapping[str, Json], folder: Path) -> Json:
    """Return what checkov says of templates by the names of their files."""
    if not PYTHON.exists() and os.environ.get("CI", "").lower() not in {"true", "1"}:
        pytest.skip("NOT CHECKED: checkov is not installed: run `make checkov`")
    for name, template in templates.items():
        (folder / f"{name}.json").write_text(json.dumps(template))
    options = ["--framework", "arm", "--skip-download", "--soft-fail", "--output", "json"]
    run = subprocess.run(
        [PYTHON, "-m", "checkov.main", "--directory", folder, *options],
        # What it would fetch, it does without: there is no proxy at this port.
        env={"PATH": os.defpath, "HOME": str(folder), "HTTPS_PROXY": "http://127.0.0.1:9"},
        capture_output=True,
        text=True,
        timeout=300,  # it takes half a minute on a quiet machine
        check=True,
    )
    found: Json = json.loads(run.stdout)
    return found


@pytest.fixture(scope="module")
def of_templates(compiler: Bicep, tmp_path_factory: pytest.TempPathFactory) -> Json:
    """Return what checkov says of all templates: each module is one, it looks into none."""
    names = {path: Path(path).with_suffix("").as_posix().replace("/", "_") for path in TEMPLATES}
    templates = {name: _readable(compiler.compiled(path)[0]) for path, name in names.items()}
    return _checked(templates, tmp_path_factory.mktemp("templates"))


@pytest.fixture(scope="module")
def of_sets(
    compiler: Bicep, created: dict[str, list[Json]], tmp_path_factory: pytest.TempPathFactory
) -> Json:
    """Return what checkov says of what each parameter set creates, as a template of its own."""
    whole = compiler.compiled("group.bicep")[0]
    head = {key: whole[key] for key in ("$schema", "contentVersion")}
    templates = {name: {**head, "resources": found} for name, found in created.items()}
    return _checked(templates, tmp_path_factory.mktemp("sets"))


def test_each_module_was_looked_at(of_templates: Json) -> None:
    """A template that cannot be parsed is passed over, and nothing fails in it."""
    seen = {check["file_path"] for check in _checks(of_templates, "passed", "failed")}

    assert of_templates["summary"]["parsing_errors"] == 0
    assert {"/modules_app.json", "/modules_storage.json", "/modules_network.json"} <= seen


def test_each_parameter_set_was_looked_at(of_sets: Json) -> None:
    """As above."""
    seen = {check["file_path"] for check in _checks(of_sets, "passed", "failed")}

    assert of_sets["summary"]["parsing_errors"] == 0
    assert {f"/{name}.json" for name in SETS} == seen


def test_nothing_fails_without_a_reason(of_templates: Json, of_sets: Json) -> None:
    """What others would object to is known, and why it is so."""
    checks = [*_checks(of_templates, "failed"), *_checks(of_sets, "failed")]
    failed = {check["check_id"]: check["check_name"] for check in checks}

    assert {name: text for name, text in failed.items() if name not in REASONS} == {}


def test_each_reason_is_still_needed(of_templates: Json, of_sets: Json) -> None:
    """A reason for what is long mended would hide the fault when it comes back."""
    checks = [*_checks(of_templates, "failed"), *_checks(of_sets, "failed")]
    assert REASONS.keys() - {check["check_id"] for check in checks} == set()


def _checks(results: Json, *kinds: str) -> list[Json]:
    return [check for kind in kinds for check in results["results"][f"{kind}_checks"]]
