"""The package as Azure runs it: unpacked, with nothing installed but requirements.txt."""

import json
import os
import re
import subprocess
import zipfile
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, Final

import pytest

from local.azurite import Azurite
from local.functions_host.process import FunctionsHost
from tests.functional.estate_kit import Scene
from tests.functional.storage_kit import Storage
from tools.package import ROOT, pack

pytestmark = pytest.mark.long

DEPLOYED: Final = ROOT / ".venv/deployed"
BILL: Final = ROOT / ".venv/sbom/bin/python"
# The host brings this along, as Azure's has its worker beside the app.
OF_THE_HOST: Final = (
    "azure-functions-runtime",
    "azurefunctions-extensions-base",
    "croniter",
    "python-dateutil",
)


def _require(path: Path, task: str) -> Path:
    """Skip and say why where an environment is missing; but fail in CI, where nobody would see."""
    if not path.exists():
        reason = f"{path.relative_to(ROOT)} is missing: run `{task}`"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package, unpacked into an empty folder."""
    folder = tmp_path_factory.mktemp("package")
    pack(ROOT, folder / "app.zip")
    with zipfile.ZipFile(folder / "app.zip") as archive:
        archive.extractall(folder / "app")
    return folder / "app"


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the host imports and the app must not need."""
    folder = tmp_path_factory.mktemp("worker")
    for name in OF_THE_HOST:
        found = distribution(name)
        for top in {file.parts[0] for file in found.files or ()}:
            (folder / top).symlink_to(Path(str(found.locate_file(top))).resolve())
    return folder


class _Packaged(Scene):
    """A scene whose host runs the package in an environment of what is deployed."""

    def __init__(self, app: Path, worker: Path, storage: Storage, azurite: Azurite) -> None:
        super().__init__("sample", storage, azurite)
        self._app = app
        self._worker = worker

    def new_host(self) -> FunctionsHost:
        environment = {**self.environment(), "PYTHONPATH": str(self._worker)}
        python = _require(DEPLOYED / "bin/python", "make test-all")
        return FunctionsHost(self._app, environment, timers=False, python=python)


@pytest.fixture(scope="module")
def scene(unpacked: Path, worker: Path, azurite: Azurite, _storage: Storage) -> Iterator[Scene]:
    """The package at work."""
    _storage.clear()
    with _Packaged(unpacked, worker, _storage, azurite) as scene:
        yield scene


def _key(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _locked() -> dict[str, tuple[str, bool]]:
    """Map each package of requirements.txt to its version, and whether some systems do without."""
    lines = re.findall(r"(?m)^(\S+)==(\S+)( ;)?", (ROOT / "requirements.txt").read_text())
    return {_key(name): (version, bool(marker)) for name, version, marker in lines}


def test_the_package_answers_and_scans(scene: Scene, unpacked: Path) -> None:
    """A file or a package that was left behind shows only on Azure, as an app without functions."""
    health = scene.get("health", key="")
    page = scene.get("dashboard", key="")
    scene.scan()

    assert (health.status, page.status) == (200, 200)
    assert scene.status()["posture"] == "non_compliant"
    assert "scan_on_schedule" in scene.host.functions
    # Nothing of the sources ran in its place.
    assert any("cmk_check" in path.parts for path in unpacked.rglob("*.pyc"))


def test_every_module_of_the_app_can_be_imported(unpacked: Path) -> None:
    """Some are loaded only when they are needed: the webhook's, at the first alert."""
    python = _require(DEPLOYED / "bin/python", "make test-all")
    modules = [
        ".".join(path.relative_to(unpacked).with_suffix("").parts)
        for path in unpacked.rglob("*.py")
        if path.name != "__main__.py" and "cli" not in path.parts
    ]

    run = subprocess.run(
        [python, "-c", "".join(f"import {module}\n" for module in sorted(modules))],
        cwd=unpacked,
        env={},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert "cmk_check.alerts.webhook" in modules
    assert run.stderr == ""


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The bill of materials."""
    _require(BILL, "make sbom")
    _require(DEPLOYED, "make sbom")
    folder = tmp_path_factory.mktemp("bill")
    subprocess.run(
        ["make", "sbom", f"DIST={folder}"],  # noqa: S607 - the project's own task
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=120,
    )
    found: dict[str, Any] = json.loads((folder / "sbom.json").read_text())
    return found


def test_the_bill_of_materials_is_valid_and_names_exactly_what_is_locked(
    bill: dict[str, Any], tmp_path: Path
) -> None:
    """Whoever looks up a weak package there must find it, and at its version."""
    path = tmp_path / "bill.json"
    path.write_text(json.dumps(bill))
    check = (
        "from cyclonedx.schema import SchemaVersion as S;"
        "from cyclonedx.validation.json import JsonStrictValidator as V;"
        "import pathlib, sys;"
        "print(V(S.V1_6).validate_str(pathlib.Path(sys.argv[1]).read_text()))"
    )
    run = subprocess.run([BILL, "-c", check, path], capture_output=True, text=True, check=True)

    packages = [each for each in bill["components"] if each.get("purl", "").startswith("pkg:pypi/")]
    named = {_key(each["name"]): each["version"] for each in packages}
    assert run.stdout == "None\n"
    assert bill["metadata"]["component"]["name"] == "cmk-check"
    assert named == {name: version for name, (version, _) in _locked().items()}
    assert [each["name"] for each in packages if not each["licenses"] or not _hashes(each)] == []


def _hashes(component: dict[str, Any]) -> list[Any]:
    return [one for each in component["externalReferences"] for one in each.get("hashes", [])]
