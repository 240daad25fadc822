"""The options of the deployment, from the template's parameters and their descriptions."""

import json
import re

from tools.reference.documents import ROOT, code, table

_PARAMETER = re.compile(r"(?m)^@description\('(.*)'\)\n(?:@.*\n(?:.*\n)*?)??param (\w+)")


def deployment_options() -> str:
    """Write a table of all parameters, each with the variable of azd that sets it."""
    infra = ROOT / "infra"
    described = {
        name: text.removeprefix("Optional. ")
        for text, name in _PARAMETER.findall((infra / "main.bicep").read_text(encoding="utf-8"))
    }
    given = json.loads((infra / "main.parameters.json").read_text(encoding="utf-8"))["parameters"]
    rows = [
        (code(re.findall(r"\w+", entry["value"])[0]), code(name), described[name])
        for name, entry in given.items()
    ]
    return table(("azd variable", "parameter", "what it does"), rows)
