"""The catalogue of reasons: the same for every estate, so that no table is read for it."""

from functools import cache

from pydantic import BaseModel, ConfigDict, RootModel
from pydantic.alias_generators import to_camel

from cmk_check.core.enums import Actor, ReasonArea, ReasonSeverity
from cmk_check.core.reasons.catalogue import CATALOGUE, ReasonCode


class CatalogueReason(BaseModel):
    """What a reason means, what ends it, and who has to act."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, frozen=True)

    code: ReasonCode
    area: ReasonArea
    severity: ReasonSeverity
    message: str
    way_out: str
    actor: Actor


@cache
def catalogue() -> bytes:
    """Write the catalogue as the list that the API answers."""
    entries = [
        CatalogueReason(
            code=code,
            area=area,
            severity=entry.severity,
            message=entry.message,
            way_out=entry.way_out,
            actor=entry.actor,
        )
        for area, reasons in CATALOGUE.items()
        for code, entry in reasons
    ]
    return RootModel(entries).model_dump_json(by_alias=True).encode()
