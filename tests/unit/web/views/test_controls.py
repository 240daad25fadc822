"""The controls over HTTP: the same list for all, and there while nothing else is."""

from cmk_check.core.controls import CAUTION, CONTROLS
from cmk_check.errors import StoreUnavailable
from tests.fakes.recording_store import RecordingStore
from tests.unit.web.api_kit import Served
from tests.unit.web.asgi_client import send


async def _refuse(*_: object) -> None:
    raise StoreUnavailable("away")


async def test_every_control_is_answered_with_its_source_while_the_storage_is_away() -> None:
    """An auditor asks where a mapping comes from."""
    served = Served(RecordingStore(before=_refuse))

    answer = await send(served.app(), "/api/v1/controls")

    assert answer.status == 200
    assert answer.json == {
        "caution": CAUTION,
        "value": [
            {
                "framework": one.framework,
                "control": one.control,
                "mapping": one.mapping,
                "initiative": one.initiative,
                "version": one.version,
            }
            for one in CONTROLS
        ],
    }
