"""host.json and its overrides mean here what they mean on Azure."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from local.functions_host.app_settings import AppSettings
from local.functions_host.errors import StartError
from local.functions_host.host_json import read_host_json, time_span

_HERE = "AzureFunctionsJobHost__extensions__queues__"


def _app(folder: Path, **extensions: object) -> Path:
    document = {"version": "2.0", "extensions": extensions}
    (folder / "host.json").write_text(json.dumps(document), encoding="utf-8")
    return folder


def test_the_environment_overrides_the_file(tmp_path: Path) -> None:
    """Tests and operators shorten a pause without touching the deployed file."""
    app = _app(tmp_path, queues={"visibilityTimeout": "00:05:00", "batchSize": 4})
    settings = AppSettings(
        {f"{_HERE}visibilityTimeout": "00:00:01", f"{_HERE}maxDequeueCount".upper(): "2"}
    )

    queues = read_host_json(app, settings).queues

    assert queues.visibility_timeout == timedelta(seconds=1)
    assert queues.max_dequeue_count == 2
    assert queues.batch_size == 4
    assert queues.new_batch_threshold == 2


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("01:02", timedelta(hours=1, minutes=2)),
        ("2.03:00:00", timedelta(days=2, hours=3)),
    ],
)
def test_a_time_span_is_read_as_by_dotnet(text: str, length: timedelta) -> None:
    """Two parts are hours and minutes, not minutes and seconds."""
    assert time_span(text) == length


@pytest.mark.parametrize(
    ("queues", "named"),
    [
        ({"batchSize": 33}, "batchSize must be from 1 to 32"),
        ({"visibilityTimeout": "30s"}, "visibilityTimeout"),
        ({"newBatchThreshold": "many"}, "newBatchThreshold must be a whole number"),
    ],
)
def test_a_wrong_option_is_named(tmp_path: Path, queues: object, named: str) -> None:
    """Azure's host would not start either; here the fault is found before a deployment."""
    with pytest.raises(StartError, match=named):
        read_host_json(_app(tmp_path, queues=queues), AppSettings({}))
