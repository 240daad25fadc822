"""Write into the documents what the code knows: ``make docs``.

Each name below is that of a marker (see ``documents``). A new one is a function that returns
Markdown, and a line here.
"""

import sys
from typing import Final

from tools.reference.assumptions import assumptions
from tools.reference.changes import changes
from tools.reference.command_line import commands, doctor_checks, help_of
from tools.reference.controls import controls
from tools.reference.deny_rules import deny_rules
from tools.reference.deployment import deployment_options
from tools.reference.documents import ROOT, Renderer, documents, rewritten
from tools.reference.http_api import parameters, routes, schemas
from tools.reference.limits import host_limits, limits
from tools.reference.log_lines import log_lines
from tools.reference.metrics import metrics
from tools.reference.permissions import actions
from tools.reference.reasons import members, reasons
from tools.reference.rooms import rooms
from tools.reference.settings import platform_variables, settings

RENDERERS: Final[dict[str, Renderer]] = {
    "actions": actions,
    "assumptions": assumptions,
    "changes": changes,
    "commands": commands,
    "controls": controls,
    "deny-rules": deny_rules,
    "deployment-options": deployment_options,
    "doctor-checks": doctor_checks,
    "help": help_of,
    "host-limits": host_limits,
    "limits": limits,
    "log-lines": log_lines,
    "members": members,
    "metrics": metrics,
    "parameters": parameters,
    "platform-variables": platform_variables,
    "reasons": reasons,
    "rooms": rooms,
    "routes": routes,
    "schemas": schemas,
    "settings": settings,
}


def main() -> int:
    """Write the documents that differ, and name them; return the exit code."""
    for path in documents():
        text = path.read_text(encoding="utf-8")
        if (new := rewritten(text, RENDERERS)) != text:
            path.write_text(new, encoding="utf-8")
            print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
