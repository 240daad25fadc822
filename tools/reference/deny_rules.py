"""The rules of Azure Policy that refuse resources, from the list that tests evaluate."""

from tests.guard.infra.deny_rules import RULES, SETS
from tools.reference.documents import code, table


def deny_rules() -> str:
    """Write a table of all rules, with the parameter files that meet each."""
    rows = [
        (
            f"{rule.name.removeprefix('[Preview]: ').rstrip('.')} ({code(rule.id)})",
            f"denies: {rule.set}" if rule.effect == "Deny" else rule.effect,
            _met_by(rule.unmet),
        )
        for rule in RULES
    ]
    return table(("policy", "effect", "met by; why not by the others"), rows)


def _met_by(unmet: dict[str, str]) -> str:
    if not unmet:
        return "all"
    names = ", ".join(name for name in SETS if name not in unmet) or "none"
    return f"{names}; {'; '.join(dict.fromkeys(unmet.values()))}"
