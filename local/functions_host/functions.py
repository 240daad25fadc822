"""The functions of an app, from its decorators: triggers parsed, settings resolved.

The app's own bindings are the only source of routes, schedules and queue names.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from local.functions_host.app_settings import AppSettings
from local.functions_host.errors import StartError

_SETTING: Final = re.compile(r"%([^%]+)%")


class AuthLevel(StrEnum):
    """Which key an HTTP function requires."""

    ANONYMOUS = "ANONYMOUS"
    FUNCTION = "FUNCTION"
    ADMIN = "ADMIN"


@dataclass(frozen=True, slots=True)
class HttpTrigger:
    """``methods`` is None for any method; ``route`` is an ASP.NET template without the prefix."""

    parameter: str
    route: str
    methods: frozenset[str] | None
    level: AuthLevel


@dataclass(frozen=True, slots=True)
class TimerTrigger:
    """``schedule`` is NCRONTAB, in UTC."""

    parameter: str
    schedule: str
    use_monitor: bool
    run_on_startup: bool


@dataclass(frozen=True, slots=True)
class QueueTrigger:
    """``connection`` is the name or the prefix of the settings that locate the queue."""

    parameter: str
    queue: str
    connection: str


type Trigger = HttpTrigger | TimerTrigger | QueueTrigger


@dataclass(frozen=True, slots=True)
class Function:
    """One function of the app; the worker chose ``id``."""

    id: str
    name: str
    trigger: Trigger


def parse_function(
    function_id: str, name: str, raw_bindings: Sequence[str], settings: AppSettings
) -> Function:
    """Return the function that these bindings describe; they are JSON texts from the worker.

    Raises:
        StartError: This host does not support the type of a binding, or a binding names a setting
            that is not set.
    """
    bindings: list[dict[str, object]] = [json.loads(text) for text in raw_bindings]
    triggers = [binding for binding in bindings if _kind(binding).endswith("Trigger")]
    if len(triggers) != 1:
        raise StartError(f"function {name} must have exactly one trigger, not {len(triggers)}")
    for binding in bindings:
        if binding is not triggers[0] and (_kind(binding), binding["name"]) != ("http", "$return"):
            raise _unsupported(name, binding)
    resolved = {key: _resolved(name, value, settings) for key, value in triggers[0].items()}
    return Function(function_id, name, _trigger(name, resolved))


def _kind(binding: Mapping[str, object]) -> str:
    return str(binding["type"])


def _unsupported(name: str, binding: Mapping[str, object]) -> StartError:
    return StartError(
        f"function {name} has a binding of type {_kind(binding)}, but this host supports only "
        "httpTrigger, timerTrigger, queueTrigger, and http as the return value"
    )


def _resolved(function: str, value: object, settings: AppSettings) -> object:
    if not isinstance(value, str):
        return value

    def of_setting(match: re.Match[str]) -> str:
        found = settings.get(match[1])
        if found is None:
            raise StartError(
                f"function {function} uses %{match[1]}%, which is not set: "
                f"set {match[1]} in the environment"
            )
        return found

    return _SETTING.sub(of_setting, value)


def _trigger(name: str, binding: Mapping[str, object]) -> Trigger:
    parameter = str(binding["name"])
    match _kind(binding):
        case "httpTrigger":
            methods = binding.get("methods")
            return HttpTrigger(
                parameter=parameter,
                route=str(binding.get("route") or name).strip("/"),
                methods=frozenset(map(str.upper, methods)) if isinstance(methods, list) else None,
                level=AuthLevel(str(binding.get("authLevel") or AuthLevel.FUNCTION).upper()),
            )
        case "timerTrigger":
            return TimerTrigger(
                parameter=parameter,
                schedule=str(binding["schedule"]),
                use_monitor=binding.get("useMonitor") is not False,
                run_on_startup=binding.get("runOnStartup") is True,
            )
        case "queueTrigger":
            connection = str(binding.get("connection") or "AzureWebJobsStorage")
            return QueueTrigger(parameter, str(binding["queueName"]), connection)
        case _:
            raise _unsupported(name, binding)
