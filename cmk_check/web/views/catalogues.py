"""What is the same for every estate, so that no table is read for it: reasons and controls."""

from dataclasses import asdict
from functools import cache

from pydantic import RootModel

from cmk_check.core.controls import CAUTION, CONTROLS
from cmk_check.core.reasons.catalogue import CATALOGUE
from cmk_check.web.aspect_models import Controls
from cmk_check.web.models import CatalogueReason


@cache
def reasons() -> bytes:
    """Write the catalogue of reasons as the list that the API answers."""
    entries = [
        CatalogueReason(code=code, area=area, **asdict(entry))
        for area, reasons in CATALOGUE.items()
        for code, entry in reasons
    ]
    return RootModel(entries).model_dump_json(by_alias=True).encode()


@cache
def controls() -> Controls:
    """Return the controls that findings answer, with their mappings."""
    return Controls(caution=CAUTION, value=CONTROLS)
