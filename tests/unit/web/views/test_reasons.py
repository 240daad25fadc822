"""The catalogue over HTTP: whole, and there while nothing else is."""

from cmk_check.core.reasons.catalogue import CATALOGUE
from cmk_check.errors import StoreUnavailable
from tests.fakes.recording_store import RecordingStore
from tests.unit.web.api_kit import Served
from tests.unit.web.asgi_client import send

REASONS = "/api/v1/reasons"


async def _refuse(*_: object) -> None:
    raise StoreUnavailable("away")


async def test_every_entry_of_the_catalogue_is_answered_while_the_storage_is_away() -> None:
    """The page explains what it still shows; and no estate changes what a reason means."""
    served = Served(RecordingStore(before=_refuse))

    answer = await send(served.app(), REASONS)

    assert answer.status == 200
    assert answer.json == [
        {
            "code": code,
            "area": area,
            "severity": entry.severity,
            "message": entry.message,
            "wayOut": entry.way_out,
            "actor": entry.actor,
        }
        for area, entries in CATALOGUE.items()
        for code, entry in entries
    ]


async def test_it_has_no_parameters() -> None:
    """A filter that is passed over would look as if it had matched everything."""
    answer = await send(Served().app(), f"{REASONS}?area=gap")

    assert (answer.status, answer.json["error"]["target"]) == (400, "area")
