"""What an app says of itself means here what it means on Azure, or the start fails and says why."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from local.functions_host.app_settings import AppSettings
from local.functions_host.errors import StartError
from local.functions_host.functions import Function, parse_function
from local.functions_host.host_json import read_host_json, time_span
from local.functions_host.timers import Schedule

pytestmark = pytest.mark.long

_HERE = "AzureFunctionsJobHost__extensions__queues__"
_SETTINGS = AppSettings({"Schedule": "0 0 * * * *", "EMPTY": ""})
_TIMER = {"type": "timerTrigger", "name": "t", "schedule": "%Schedule%"}


def _parse(*bindings: dict[str, object]) -> Function:
    return parse_function("id", "f", [json.dumps(binding) for binding in bindings], _SETTINGS)


@pytest.mark.parametrize("name", ["MISSING", "EMPTY"])
def test_an_unresolved_setting_is_named(name: str) -> None:
    """On Azure the function would just not be there."""
    with pytest.raises(StartError, match=f"set {name} in the environment"):
        _parse({"type": "timerTrigger", "name": "t", "schedule": f"%{name}%"})


@pytest.mark.parametrize(
    "bindings", [[{"type": "blobTrigger", "name": "b"}], [_TIMER, {"type": "queue", "name": "out"}]]
)
def test_a_binding_that_is_not_run_here_is_refused(bindings: list[dict[str, object]]) -> None:
    """Ignoring it would show an app that works and loses its messages."""
    with pytest.raises(StartError, match="this host supports only"):
        _parse(*bindings)


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
    assert (queues.max_dequeue_count, queues.batch_size, queues.new_batch_threshold) == (2, 4, 2)


def test_a_time_span_is_read_as_by_dotnet() -> None:
    """Two parts are hours and minutes, not minutes and seconds."""
    assert time_span("01:02") == timedelta(hours=1, minutes=2)


@pytest.mark.parametrize(
    ("queues", "named"),
    [
        ({"batchSize": 33}, "batchSize must be from 1 to 32"),
        ({"visibilityTimeout": "30s"}, "visibilityTimeout"),
    ],
)
def test_a_wrong_option_is_named(tmp_path: Path, queues: object, named: str) -> None:
    """Azure's host would not start either; here the fault is found before a deployment."""
    with pytest.raises(StartError, match=named):
        read_host_json(_app(tmp_path, queues=queues), AppSettings({}))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        pytest.param("30 * * * * *", "2026-01-01 12:00:30", id="seconds come first"),
        pytest.param("0 0 0 13 * 5", "2026-02-13 00:00:00", id="day and weekday both match"),
    ],
)
def test_a_schedule_is_ncrontab(expression: str, expected: str) -> None:
    """Other dialects of cron differ in each of these."""
    after = Schedule(expression).after(datetime(2026, 1, 1, 12, tzinfo=UTC))

    assert str(after) == f"{expected}+00:00"


@pytest.mark.parametrize("expression", ["@hourly", "01:00:00", "0 0 25 * * *", "* * * *"])
def test_what_is_not_ncrontab_is_refused(expression: str) -> None:
    """A timer with such a schedule never fires on Azure."""
    with pytest.raises(StartError, match="NCRONTAB"):
        Schedule(expression)
