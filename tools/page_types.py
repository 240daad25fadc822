"""Writes the types of the API's answers with which the page is checked, from the OpenAPI document.

The browser never loads them, and the page needs no build step: run it with ``make docs`` after a
change of the API's models. The generator is openapi-typescript, which ``make openapi`` installs.
"""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from pydantic.alias_generators import to_camel

from cmk_check.web import routes, scan_now
from cmk_check.web.aspect_models import AspectFilters
from cmk_check.web.http import openapi

ROOT: Final = Path(__file__).parents[1]
GENERATOR: Final = ROOT / ".venv/openapi/node_modules/.bin/openapi-typescript"
TYPES: Final = ROOT / "cmk_check/web/dashboard/api_types.d.ts"
_NAMES: Final = ("--root-types", "--root-types-no-schema-prefix", "--root-types-keep-casing")


def generate(types: Path) -> None:
    """Write the types of all that the API answers to this file.

    Raises FileNotFoundError if the generator is not installed, and CalledProcessError if it fails.
    """
    served = [*routes.router.routes, *scan_now.router.routes]
    document = _untitled(openapi.document(served, "keys", ()) | {"paths": {}})
    names = map(to_camel, AspectFilters.model_fields)
    states = {"type": "object", "properties": {name: {"type": "string"} for name in names}}
    document["components"]["schemas"]["AspectFilters"] = states
    with TemporaryDirectory() as folder:
        source = Path(folder, "openapi.json")
        source.write_text(json.dumps(document))
        subprocess.run(
            [GENERATOR, source, "--output", types, *_NAMES], check=True, stdout=subprocess.DEVNULL
        )


def _untitled(part: Any) -> Any:  # noqa: ANN401 - any part of a JSON document
    """Leave out the titles, which repeat the names of fields."""
    if isinstance(part, dict):
        return {
            name: _untitled(value)
            for name, value in part.items()
            if not (name == "title" and isinstance(value, str))
        }
    return [_untitled(each) for each in part] if isinstance(part, list) else part


if __name__ == "__main__":
    generate(Path(*sys.argv[1:]) if sys.argv[1:] else TYPES)
