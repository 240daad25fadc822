"""The actions of the role that reads the estate, from the files beside its templates."""

import json
from collections.abc import Iterator
from typing import Final

from tools.reference.documents import ROOT

_SCOPE: Final = ROOT / "infra/scope"


def actions(group: str) -> str:
    """Write the actions of a group, what each reads, and what is lost without it.

    Raises:
        KeyError: reasons.json lacks an action.

    """
    given = json.loads((_SCOPE / "actions.json").read_text(encoding="utf-8"))[group]
    reasons = json.loads((_SCOPE / "reasons.json").read_text(encoding="utf-8"))[group]
    return "\n".join(line for action in given for line in _entry(action, reasons[action]))


def _entry(action: str, reason: dict[str, str]) -> Iterator[str]:
    yield f"- `{action}`: {reason['reads']}"
    yield f"  - Without it: {reason['without']}"
    yield f"  - `{reason['request']}`"
