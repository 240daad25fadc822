"""A start that fails says what to do and ends; one that succeeds ends with who started it."""

import shutil
from pathlib import Path

import pytest
from aiohttp import ClientSession

from local.child_process import ChildFailedError
from local.functions_host.process import FunctionsHost

pytestmark = pytest.mark.long

APP = Path(__file__).parent / "app"
_SHOWS_ENVIRONMENT = """
import azure.functions as func
app = func.FunctionApp()

@app.route("here", auth_level=func.AuthLevel.ANONYMOUS)
def here(req: func.HttpRequest) -> func.HttpResponse:
    import os
    return func.HttpResponse(' '.join(os.environ))
"""


def _app(folder: Path, source: str) -> Path:
    shutil.copy(APP / "host.json", folder)
    (folder / "function_app.py").write_text(source, encoding="utf-8")
    return folder


def test_the_app_sees_its_folder_and_not_this_repository(tmp_path: Path) -> None:
    """A file that is not deployed must be missing here too."""
    app = _app(tmp_path, "import tests.conftest")

    with pytest.raises(ChildFailedError, match=r"(?s)ended with code 1:.*No module named 'tests'"):
        FunctionsHost(app, {}).__enter__()


async def test_the_app_gets_the_given_environment_and_nothing_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A setting of the person who runs the tests must not reach the app."""
    monkeypatch.setenv("CMK_FOREIGN", "ours")

    with FunctionsHost(_app(tmp_path, _SHOWS_ENVIRONMENT), {"GIVEN": "1"}) as host:
        async with ClientSession(host.url) as client, client.get("/api/here") as answer:
            names = set((await answer.text()).split())

    assert names - {"LC_CTYPE"} == {"GIVEN", "HOME", "PATH"}
