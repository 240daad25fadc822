"""The description of the rule for readers of a finding; rule_text.toml contains the texts."""

from dataclasses import dataclass
from typing import Final

from cmk_check.core.text_files import read_toml


@dataclass(frozen=True, slots=True)
class RuleText:
    """The rule's severity, category and texts for people; rule_text.toml explains each field."""

    severity: str
    security_severity: float
    category: str
    tags: list[str]
    why: list[str]
    check_az: str
    check_portal: str


RULE_TEXT: Final = RuleText(**read_toml(__package__, "rule_text.toml"))
