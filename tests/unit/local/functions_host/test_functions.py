"""Bindings become triggers with every setting resolved, or the start fails and says why."""

import json

import pytest

from local.functions_host.app_settings import AppSettings
from local.functions_host.errors import StartError
from local.functions_host.functions import (
    AuthLevel,
    Function,
    HttpTrigger,
    QueueTrigger,
    TimerTrigger,
    parse_function,
)

pytestmark = pytest.mark.long

_SETTINGS = AppSettings({"Schedule": "0 0 * * * *", "EMPTY": ""})


def _parse(*bindings: dict[str, object]) -> Function:
    return parse_function("id", "f", [json.dumps(binding) for binding in bindings], _SETTINGS)


def test_a_setting_in_percent_signs_is_resolved_in_any_case() -> None:
    """The schedule lives in a setting, so that it changes without a deployment."""
    function = _parse({"type": "timerTrigger", "name": "t", "schedule": "%SCHEDULE%"})

    assert function.trigger == TimerTrigger("t", "0 0 * * * *", True, False)  # noqa: FBT003


@pytest.mark.parametrize("name", ["MISSING", "EMPTY"])
def test_an_unresolved_setting_is_named(name: str) -> None:
    """On Azure the function would just not be there."""
    with pytest.raises(StartError, match=f"set {name} in the environment"):
        _parse({"type": "timerTrigger", "name": "t", "schedule": f"%{name}%"})


def test_an_http_trigger_has_azures_defaults() -> None:
    """No route means the function's name, no methods any, no level a key."""
    function = _parse({"type": "httpTrigger", "name": "req"}, {"type": "http", "name": "$return"})

    assert function.trigger == HttpTrigger("req", "f", None, AuthLevel.FUNCTION)


def test_a_queue_trigger_without_connection_uses_the_hosts_storage() -> None:
    """That is what Azure does."""
    function = _parse({"type": "queueTrigger", "name": "m", "queueName": "orders"})

    assert function.trigger == QueueTrigger("m", "orders", "AzureWebJobsStorage")


@pytest.mark.parametrize(
    "bindings",
    [
        pytest.param([{"type": "blobTrigger", "name": "b"}], id="trigger"),
        pytest.param(
            [
                {"type": "queueTrigger", "name": "m", "queueName": "orders"},
                {"type": "queue", "name": "out", "queueName": "sent"},
            ],
            id="output",
        ),
    ],
)
def test_a_binding_that_is_not_run_here_is_refused(bindings: list[dict[str, object]]) -> None:
    """Ignoring it would show an app that works and loses its messages."""
    with pytest.raises(StartError, match="this host supports only"):
        _parse(*bindings)
