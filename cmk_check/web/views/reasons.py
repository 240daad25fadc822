"""The catalogue of reasons: the same for every estate, so that no table is read for it."""

from functools import cache

from pydantic import RootModel

from cmk_check.core.reasons.catalogue import CATALOGUE
from cmk_check.web import models


@cache
def catalogue() -> bytes:
    """Write the catalogue as the list that the API answers."""
    entries = [
        models.CatalogueReason(
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
