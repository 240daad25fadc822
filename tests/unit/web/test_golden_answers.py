"""What the API answers for the sample estate: each member, in its order."""

import json
from datetime import timedelta
from typing import Final

import pytest

from tests.unit.accepted import check_accepted
from tests.unit.web.api_kit import GOLDEN, Served
from tests.unit.web.asgi_client import send

ANSWERS: Final = {
    "status.json": "status",
    "findings.json": "findings?verdict=non_compliant",
    "subscriptions.json": "subscriptions",
    "metrics.txt": "metrics",
}


@pytest.mark.parametrize("name", ANSWERS)
async def test_an_answer_has_the_form_that_was_accepted(served: Served, name: str) -> None:
    """A field or family that goes or is renamed is missed by a dashboard or alert at night."""
    served.clock.time += timedelta(minutes=7)
    headers = {"accept": "application/openmetrics-text; version=1.0.0"}

    answer = await send(served.app(), f"/api/v1/{ANSWERS[name]}", headers)

    text = answer.body.decode()
    if name.endswith(".json"):
        assert text == json.dumps(answer.json, separators=(",", ":"))
        check_accepted(GOLDEN / name, answer.json)
    else:  # its texts for people are those of the documents
        lines = text.splitlines(keepends=True)
        check_accepted(GOLDEN / name, "".join(it for it in lines if not it.startswith("# HELP")))
