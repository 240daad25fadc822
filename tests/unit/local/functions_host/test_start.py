"""A start that fails says what to do and ends; one that succeeds ends with who started it."""

import shutil
from pathlib import Path

import pytest
from aiohttp import ClientSession

from local.child_process import ChildFailedError
from local.functions_host.process import FunctionsHost

pytestmark = pytest.mark.long

APP = Path(__file__).parent / "app"
_HTTP_ONLY = """
import azure.functions as func
app = func.FunctionApp()

@app.route("here", auth_level=func.AuthLevel.ANONYMOUS)
def here(req: func.HttpRequest) -> func.HttpResponse:
    {body}
"""


def _app(folder: Path, source: str) -> Path:
    shutil.copy(APP / "host.json", folder)
    (folder / "function_app.py").write_text(source, encoding="utf-8")
    return folder


def _failure(app: Path, environment: dict[str, str]) -> str:
    """Return what is shown to the person whose start failed."""
    with pytest.raises(ChildFailedError, match="ended with code 1:") as caught:
        FunctionsHost(app, environment).__enter__()
    return str(caught.value)


def test_an_import_error_of_the_app_is_shown_with_its_cause(tmp_path: Path) -> None:
    """On Azure this is the silent "no job functions found"."""
    shown = _failure(_app(tmp_path, "import nothing_of_this_name"), {})

    assert "function_app.py could not be indexed: ModuleNotFoundError" in shown
    assert "nothing_of_this_name" in shown
    assert "requirements.txt" in shown
    assert shown.endswith("Correct it, or a module that it imports, and start again.")


def test_the_app_sees_its_folder_and_not_this_repository(tmp_path: Path) -> None:
    """A file that is not deployed must be missing here too."""
    shown = _failure(_app(tmp_path, "import tests.conftest"), {})

    assert "No module named 'tests'" in shown


def test_a_missing_setting_is_named(environment: dict[str, str]) -> None:
    """The timer's schedule is a setting; without it Azure drops the function."""
    del environment["TEST_SCHEDULE"]

    assert "set TEST_SCHEDULE in the environment" in _failure(APP, environment)


def test_a_connection_that_does_not_resolve_is_named(environment: dict[str, str]) -> None:
    """The text tells both ways to set it."""
    del environment["TEST_STORAGE"]

    shown = _failure(APP, environment)

    assert "connection TEST_STORAGE is not set" in shown
    assert "TEST_STORAGE__queueServiceUri" in shown


def test_a_bad_connection_string_is_not_repeated(environment: dict[str, str]) -> None:
    """It may hold a key."""
    environment["TEST_STORAGE"] = "AccountKey=c2VjcmV0"

    shown = _failure(APP, environment)

    assert "TEST_STORAGE must be a connection string" in shown
    assert "c2VjcmV0" not in shown


def test_another_version_of_the_worker_is_refused(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """Its internals are driven; a changed one would fail later and stranger."""
    metadata = tmp_path / "azure_functions_runtime-9.9.9.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: azure-functions-runtime\nVersion: 9.9.9\n")

    shown = _failure(APP, environment | {"PYTHONPATH": str(tmp_path)})

    assert "azure-functions-runtime is 9.9.9, but this host drives the internals of 1.3.0" in shown


async def test_the_app_gets_the_given_environment_and_nothing_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A setting of the person who runs the tests must not reach the app."""
    monkeypatch.setenv("CMK_FOREIGN", "ours")
    body = "import os; return func.HttpResponse(' '.join(sorted(os.environ)))"
    app = _app(tmp_path, _HTTP_ONLY.format(body=body))

    with FunctionsHost(app, {"GIVEN": "1"}) as host:
        async with ClientSession(host.url) as client, client.get("/api/here") as answer:
            names = set((await answer.text()).split())

    assert names - {"LC_CTYPE"} == {"GIVEN", "HOME", "PATH"}


async def test_local_settings_fill_what_the_environment_leaves_out(tmp_path: Path) -> None:
    """They are read when asked for only, and the environment wins."""
    body = "import os; return func.HttpResponse(os.environ.get('A', '') + os.environ.get('B', ''))"
    app = _app(tmp_path, _HTTP_ONLY.format(body=body))
    (app / "local.settings.json").write_text('{"Values": {"A": "file", "B": "file"}}')

    answers = []
    for local_settings in (False, True):
        with FunctionsHost(app, {"A": "given-"}, local_settings=local_settings) as host:
            async with ClientSession(host.url) as client, client.get("/api/here") as answer:
                answers.append(await answer.text())

    assert answers == ["given-", "given-file"]


def test_the_host_ends_when_its_parent_is_gone(tmp_path: Path) -> None:
    """A test run that is killed must leave nothing behind."""
    app = _app(tmp_path, _HTTP_ONLY.format(body="return func.HttpResponse()"))
    with FunctionsHost(app, {}) as host:
        assert host.close_input() == 0


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    """The person can then choose another."""
    app = _app(tmp_path, _HTTP_ONLY.format(body="return func.HttpResponse()"))
    with FunctionsHost(app, {}) as host:
        port = int(host.url.rsplit(":", 1)[1])

        with pytest.raises(ChildFailedError, match=f"port {port} cannot be used"):
            FunctionsHost(app, {}, port=port).__enter__()
