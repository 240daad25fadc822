"""What leaves the folder: the deployed package and the wheel."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from pathspec import GitIgnoreSpec

from cmk_check import VERSION
from tools.package import pack

ROOT = Path(__file__).parents[2]
IGNORED = (ROOT / ".funcignore").read_text().splitlines()
TOP = ["function_app.py", "host.json", "requirements.txt"]
STRAY = [
    ".azure/prod/.env",
    ".git/config",
    ".venv/bin/python",
    "__azurite_db_table__.json",
    "__pycache__/function_app.cpython-313.pyc",
    "cmk_check/web/.api.py.swp",
    "cmk_check/web/__pycache__/api.cpython-313.pyc",
    "cmk_check_env/lib/x.py",
    "local.settings.json",
    "node_modules/azurite/package.json",
]


def _by_azd(lines: list[str]) -> Callable[[str], bool]:
    """Read the list as azd and CI do: as a .gitignore."""
    return GitIgnoreSpec.from_lines(lines).match_file


def _by_core_tools(lines: list[str]) -> Callable[[str], bool]:
    """Read it as `func` does: each line is the start of a path, up to the end of a word."""
    stems = [line.removeprefix("/") for line in lines if line and not line.startswith("#")]
    patterns = [re.escape(stem).replace(r"\*\*", ".+").replace(r"\*", "[^/]+") for stem in stems]
    ignored = re.compile(rf"(?:{'|'.join(patterns)})\b")
    return lambda path: ignored.match(path) is not None


def _files(folder: Path) -> set[str]:
    """List what a tool would pack; environments of tens of thousands of files are passed over."""
    found = set()
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in {".git", ".venv", "node_modules"}]
        found |= {str((Path(place) / name).relative_to(folder)) for name in names}
    return found


@pytest.mark.parametrize("reader", [_by_azd, _by_core_tools])
def test_the_app_and_nothing_else_is_deployed(
    reader: Callable[[list[str]], Callable[[str], bool]],
) -> None:
    """A missing file is an app without functions; one too many may be somebody's secret."""
    ignored = reader(IGNORED)
    sources = {f"cmk_check/{path}" for path in _files(ROOT / "cmk_check") if ".pyc" not in path}

    deployed = {path for path in _files(ROOT) if not ignored(path)}

    assert deployed == {*TOP} | sources


@pytest.mark.parametrize("reader", [_by_azd, _by_core_tools])
@pytest.mark.parametrize("path", STRAY)
def test_what_may_lie_in_the_folder_stays_there(
    reader: Callable[[list[str]], Callable[[str], bool]], path: str
) -> None:
    """Settings hold secrets, and an environment made on a laptop does not run on Azure."""
    assert reader(IGNORED)(path)


def test_the_package_holds_what_the_list_leaves(tmp_path: Path) -> None:
    """A pipeline must deploy what azd and `func` deploy from the same folder."""
    ignored = _by_azd(IGNORED)

    pack(ROOT, tmp_path / "app.zip")

    with zipfile.ZipFile(tmp_path / "app.zip") as package:
        assert set(package.namelist()) == {path for path in _files(ROOT) if not ignored(path)}
        assert package.testzip() is None
        for name in package.namelist():
            assert package.read(name) == (ROOT / name).read_bytes()


def test_a_package_that_lacks_a_part_is_none(tmp_path: Path) -> None:
    """Azure would run it, as an app without functions."""
    with pytest.raises(FileNotFoundError, match="No such file"):
        pack(tmp_path, tmp_path / "app.zip")


def test_equal_sources_are_equal_packages_whatever_else_lies_beside_them(tmp_path: Path) -> None:
    """Whoever builds a release again can tell by its hash that nothing was slipped in."""
    names = ["cmk_check/a.py", "cmk_check/web/b.py", *TOP]
    for checkout, order in (("one", names), ("two", [*names[::-1], *STRAY])):
        for age, name in enumerate(order):
            path = tmp_path / checkout / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)
            path.chmod(0o600 + 0o44 * (age % 2))
            os.utime(path, (1_700_000_000 + age, 1_700_000_000 + age))
        assert pack(tmp_path / checkout, tmp_path / f"{checkout}.zip") == sorted(names)

    first, second = ((tmp_path / f"{name}.zip").read_bytes() for name in ("one", "two"))
    assert first == second


def test_dependencies_lie_where_the_host_of_functions_looks_for_them(tmp_path: Path) -> None:
    """An app that cannot reach a package index runs only what is in its package."""
    folder = tmp_path / "packages"
    for name in ("aiohttp/__init__.py", "aiohttp/.hash/a", "bin/uvicorn"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)

    names = pack(ROOT, tmp_path / "full.zip", folder)

    site_packages = ".python_packages/lib/site-packages"
    assert {*names} - {*pack(ROOT, tmp_path / "app.zip")} == {
        f"{site_packages}/aiohttp/__init__.py",
        f"{site_packages}/aiohttp/.hash/a",
    }
    assert zipfile.ZipFile(tmp_path / "full.zip").read(names[0]).startswith(b"aiohttp/")


def test_the_wheel_holds_the_whole_package_and_it_alone(tmp_path: Path) -> None:
    """The page's files too; and no top-level packages called tests or local."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")

    archive = zipfile.ZipFile(wheel)
    names = archive.namelist()
    metadata = archive.read("cmk_check-0.1.0.dist-info/METADATA").decode()
    needed = set(re.findall(r"(?m)^Requires-Dist: ([\w-]+)", metadata))
    commands = archive.read("cmk_check-0.1.0.dist-info/entry_points.txt").decode()
    sources = {f"cmk_check/{path}" for path in _files(ROOT / "cmk_check") if ".pyc" not in path}

    assert {name.split("/")[0] for name in names} == {"cmk_check", "cmk_check-0.1.0.dist-info"}
    assert {name for name in names if name.startswith("cmk_check/")} == sources
    assert commands == "[console_scripts]\ncmk-check = cmk_check.__main__:main\n"
    # Without an extra, which nobody knows of who has but the wheel.
    assert {"aiohttp", "azure-identity", "rich", "typer"} <= needed
    assert "Provides-Extra" not in metadata


def test_the_version_is_written_alike() -> None:
    """A deployed app has no package metadata to read it from."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert project["version"] == VERSION
