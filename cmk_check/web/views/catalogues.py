"""Build reasons, controls and the rule's purpose, which need no table."""

from dataclasses import asdict
from functools import cache

from pydantic import RootModel

from cmk_check.core.controls import CAUTION, CONTROLS
from cmk_check.core.reasons.catalogue import CATALOGUE
from cmk_check.core.rule_text import RULE_TEXT
from cmk_check.web.aspect_models import Controls
from cmk_check.web.models import AboutRule, CatalogueReason


@cache
def reasons() -> bytes:
    """Return the catalogue of reasons as a JSON list."""
    entries = [
        CatalogueReason(code=code, area=area, **asdict(entry))
        for area, reasons in CATALOGUE.items()
        for code, entry in reasons
    ]
    return RootModel(entries).model_dump_json(by_alias=True).encode()


@cache
def controls() -> Controls:
    """Return the controls that findings are evidence for, with their mappings."""
    return Controls(caution=CAUTION, value=CONTROLS)


@cache
def about_rule() -> AboutRule:
    """Return what the rule is for."""
    return AboutRule(severity=RULE_TEXT.severity, category=RULE_TEXT.category, why=RULE_TEXT.why)
