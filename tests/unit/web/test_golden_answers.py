"""What the API answers for the sample estate, as accepted once: each member, in its order.

Dashboards, scripts, auditors and people read it. If an answer changes and is meant to, write it
again with ``python -m tests.unit.web.test_golden_answers``, and read what differs.
"""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from tests.unit.web.api_kit import sample
from tests.unit.web.asgi_client import send

GOLDEN: Final = Path(__file__).parent / "golden"
ANSWERS: Final = {
    "status.json": "status",
    "findings.json": "findings?verdict=non_compliant",
    "subscriptions.json": "subscriptions",
    "metrics.txt": "metrics",
}


async def _answer(name: str) -> str:
    """Request an answer, some minutes after the scan; JSON is laid out to be read."""
    served = await sample()
    served.clock.time += timedelta(minutes=7)
    headers = {"accept": "application/openmetrics-text; version=1.0.0"}
    answer = await send(served.app(), f"/api/v1/{ANSWERS[name]}", headers)
    assert answer.status == 200
    text = answer.body.decode()
    if name.endswith(".txt"):  # its texts for people are those of the documents
        return "".join(
            line for line in text.splitlines(keepends=True) if not line.startswith("# HELP")
        )
    document = json.loads(text)
    assert text == json.dumps(document, separators=(",", ":"))
    return f"{json.dumps(document, indent=1)}\n"


@pytest.mark.parametrize("name", ANSWERS)
async def test_an_answer_has_the_form_that_was_accepted(name: str) -> None:
    """A field or family that goes or is renamed is missed by a dashboard or alert at night."""
    assert (await _answer(name)).splitlines() == (GOLDEN / name).read_text().splitlines()


if __name__ == "__main__":
    for name in ANSWERS:
        (GOLDEN / name).write_text(asyncio.run(_answer(name)))
