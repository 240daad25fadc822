"""The description of the rule for every reader of a finding; rule_text.toml has the words."""

from dataclasses import dataclass
from typing import Final

from cmk_check.core.text_files import read_toml


@dataclass(frozen=True, slots=True)
class RuleText:
    """The rule for people: severity, category, reasons; rule_text.toml explains each field."""

    severity: str
    security_severity: float
    category: str
    tags: list[str]
    why: list[str]
    check_az: str
    check_portal: str


RULE_TEXT: Final = RuleText(**read_toml(__package__, "rule_text.toml"))
