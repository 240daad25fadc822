"""The controls of frameworks that a finding answers, from their list."""

from cmk_check.core.controls import CONTROLS
from tools.reference.documents import code, table


def controls() -> str:
    """Write a table of all controls; without an initiative, the mapping is by analogy."""
    rows = [
        (one.framework, code(one.control), *_source(one.initiative, one.version))
        for one in CONTROLS
    ]
    return table(("framework", "control", "initiative of Microsoft's, and its version"), rows)


def _source(initiative: str | None, version: str | None) -> tuple[str]:
    if initiative is None:
        return ("`by_analogy`",)
    return (f"{code(initiative)} {version or ''}".strip(),)
