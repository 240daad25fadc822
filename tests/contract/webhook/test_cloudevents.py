"""Changes are CloudEvents to the specification's own library, whichever way they leave."""

import json
from typing import Any

import pytest
from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from cmk_check.alerts.webhook_bodies import build_posts
from cmk_check.core.model import Change
from cmk_check.store.change_feed import FeedTable
from tests.fakes.hostile import NAMES, NOON, changes_of_every_kind
from tests.unit.web.api_kit import Served
from tests.unit.web.asgi_client import send

# The library has no reader of batches; by the specification one is an array of events:
# https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md#4-json-batch-format
BATCH = "application/cloudevents-batch+json"


def _read(event: object) -> BaseCloudEvent:
    """Read an event; the library raises an error for an attribute that is not of the standard."""
    return JSONFormat().read(CloudEvent, json.dumps(event))


def _kept(event: BaseCloudEvent) -> tuple[dict[str, Any], object]:
    return dict(event.get_attributes()), event.get_data()


def _expected(change: Change) -> tuple[dict[str, Any], object]:
    attributes = {
        "specversion": "1.0",
        "id": change.id,
        "type": change.type.value,
        "time": NOON,
        "source": change.source,
        "subject": change.subject,
        "datacontenttype": "application/json",
    }
    return attributes, {**change.data, "sequence": change.sequence}


@pytest.mark.parametrize("name", [*NAMES, "\ud800"])
def test_every_kind_of_change_is_posted_as_a_batch_of_cloudevents_p10(name: str) -> None:
    """A consumer's library refuses a whole event for one attribute that is not to its liking."""
    changes = changes_of_every_kind(name)

    (post,) = build_posts(changes, "cloudevents", "https://portal.azure.com")
    events = [_read(event) for event in json.loads(post.body)]

    assert post.content_type.startswith(BATCH)
    assert [_kept(event) for event in events] == [_expected(change) for change in changes]


@pytest.mark.parametrize("name", NAMES)
async def test_the_feed_holds_the_same_cloudevents_p10(name: str) -> None:
    """Whoever polls and whoever is called read them with one library."""
    changes = changes_of_every_kind(name)
    served = Served()
    await FeedTable(served.store).publish(changes)

    answer = await send(served.app(), "/api/v1/changes")

    events = [_read(event) for event in answer.json["value"]]
    assert [_kept(event) for event in events] == [_expected(change) for change in changes]
