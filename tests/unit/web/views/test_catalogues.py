"""Reasons and controls over HTTP: the same for all, and available without the storage."""

from dataclasses import asdict

from cmk_check.core.controls import CAUTION, CONTROLS
from cmk_check.core.reasons.catalogue import CATALOGUE
from cmk_check.ports import StoreUnavailable
from tests.fakes.recording_store import RecordingStore
from tests.unit.web.api_kit import Served
from tests.unit.web.asgi_client import send


async def _refuse(*_: object) -> None:
    raise StoreUnavailable("away")


async def test_every_entry_of_the_catalogues_is_answered_while_the_storage_is_away() -> None:
    """The page can explain the data that it still shows; auditors need a mapping's source."""
    served = Served(RecordingStore(before=_refuse))

    reasons = await send(served.app(), "/api/v1/reasons")
    controls = await send(served.app(), "/api/v1/controls")

    assert controls.json == {"caution": CAUTION, "value": [asdict(one) for one in CONTROLS]}
    assert reasons.json == [
        {
            "code": code,
            "area": area,
            "severity": entry.severity,
            "message": entry.message,
            "wayOut": entry.way_out,
            "actor": entry.actor,
            "when": entry.when,
        }
        for area, entries in CATALOGUE.items()
        for code, entry in entries
    ]
