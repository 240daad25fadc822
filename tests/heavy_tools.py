"""The tools that only a nightly run and a release need: where each is, and how to install it."""

import shutil
from pathlib import Path
from typing import Final

import pytest

from tests.browsers import end_without

_VENV: Final = Path(__file__).parents[1] / ".venv"
AZ: Final = _VENV / "az/bin/python"
SARIF: Final = _VENV / "sarif/node_modules/@microsoft/sarif-multitool-linux"
OPENAPI: Final = _VENV / "openapi/node_modules/.bin"
CLIENT: Final = _VENV / "client/bin/openapi-python-client"

# By the word in ``pytest.mark.tools(...)``: files or commands, and who installs them.
_TOOLS: Final[dict[str, tuple[tuple[Path | str, ...], str]]] = {
    "az": ((AZ,), "run `make az`"),
    "LibreOffice": (("soffice",), "install libreoffice-calc-nogui"),
    "OpenAPI": ((OPENAPI, CLIENT), "run `make openapi`"),
    "Prometheus": (("prometheus", "promtool"), "install prometheus, as .ci/run does"),
    "SARIF": ((SARIF,), "run `make sarif`"),
}


def require_tools(item: pytest.Item) -> None:
    """Skip a test of ``mark.tools`` in another run than its own, or end it without its tool.

    Raises:
        KeyError: the mark names a tool that is not in the table.
    """
    wanted = item.config.option.markexpr in {"", "tools"}
    for mark in item.iter_markers("tools"):
        (name,) = mark.args
        parts, way = _TOOLS[name]
        if not wanted:
            pytest.skip(f"NOT RUN WITH {name}: `make test-tools` does")
        if not all(
            part.exists() if isinstance(part, Path) else shutil.which(part) for part in parts
        ):
            end_without(f"NOT RUN WITHOUT {name}: {way}")
