"""Bindings become triggers with every setting resolved, or the start fails and says why."""

import json

import pytest

from local.functions_host.app_settings import AppSettings
from local.functions_host.errors import StartError
from local.functions_host.functions import (
    Function,
    parse_function,
)

pytestmark = pytest.mark.long

_SETTINGS = AppSettings({"Schedule": "0 0 * * * *", "EMPTY": ""})


def _parse(*bindings: dict[str, object]) -> Function:
    return parse_function("id", "f", [json.dumps(binding) for binding in bindings], _SETTINGS)


@pytest.mark.parametrize("name", ["MISSING", "EMPTY"])
def test_an_unresolved_setting_is_named(name: str) -> None:
    """On Azure the function would just not be there."""
    with pytest.raises(StartError, match=f"set {name} in the environment"):
        _parse({"type": "timerTrigger", "name": "t", "schedule": f"%{name}%"})


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
