"""Who may import whom, beyond what the contracts in pyproject.toml can say."""

import ast
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[2]
CORE = sorted((ROOT / "cmk_check/core").rglob("*.py"))

# It reads the package's own texts, which are as fixed as code.
TEXT_FILES = ROOT / "cmk_check/core/text_files.py"

# The standard library's ways to the clock, the environment, the network, the disk and to chance.
IMPURE_MODULES = {
    *("asyncio", "importlib", "io", "logging", "multiprocessing", "os", "pathlib", "platform"),
    *("random", "secrets", "shutil", "socket", "ssl", "subprocess", "sys", "tempfile", "threading"),
    "time",
}
IMPURE_CALLS = {"input", "now", "open", "print", "today", "utcnow", "uuid1", "uuid4"}


def _impurities(source: str) -> list[str]:
    """Name what a module of core may not use: foreign packages and whatever is not a value."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                modules = [name.name for name in names]
            case ast.ImportFrom(module=str(module), level=0):
                modules = [module]
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)):
                found += [name] if name in IMPURE_CALLS else []
                continue
            case _:
                continue
        found += [module for module in modules if not _is_pure(module)]
    return found


def _is_pure(module: str) -> bool:
    if f"{module}.".startswith("cmk_check.core.") or module == "cmk_check.limits":
        return True
    top = module.partition(".")[0]
    return top in sys.stdlib_module_names - IMPURE_MODULES and module != "urllib.request"


def test_core_is_pure() -> None:
    """Judging can be tested exhaustively only while the answer depends on the arguments alone."""
    found = {path.relative_to(ROOT): _impurities(path.read_text()) for path in CORE}

    assert found.pop(TEXT_FILES.relative_to(ROOT)) == ["importlib.resources"]
    assert {path: impurities for path, impurities in found.items() if impurities} == {}


def test_what_a_contract_forbids_exists() -> None:
    """A misspelt package would never be imported; `lint-imports` knows only our own modules."""
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]

    contracts = tools["importlinter"]["contracts"]
    named = {name for each in contracts for name in each.get("forbidden_modules", ())}

    assert {"azure", "cmk_check.inventory", "local"} < named
    assert [name for name in sorted(named) if find_spec(name) is None] == []
