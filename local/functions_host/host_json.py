"""Reads the part of ``host.json`` that this host uses.

Names, defaults and limits: https://learn.microsoft.com/azure/azure-functions/functions-host-json
"""

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from local.functions_host.app_settings import AppSettings
from local.functions_host.errors import StartError

_OVERRIDES: Final = "AzureFunctionsJobHost"
_MAX_BATCH_SIZE: Final = 32
_TIME_SPAN: Final = re.compile(
    r"(?:(?P<days>\d+)\.)?(?P<hours>\d{1,2}):(?P<minutes>\d{1,2})"
    r"(?::(?P<seconds>\d{1,2}(?:\.\d{1,7})?))?"
)

type _Node = dict[str, object]


@dataclass(frozen=True, slots=True)
class QueueOptions:
    """How queue triggers fetch and retry; ``visibility_timeout`` is the pause before a retry."""

    batch_size: int = 16
    new_batch_threshold: int = 8
    max_dequeue_count: int = 5
    visibility_timeout: timedelta = timedelta()
    max_polling_interval: timedelta = timedelta(minutes=1)
    base64: bool = True


@dataclass(frozen=True, slots=True)
class HostConfig:
    """The options in ``host.json``; ``route_prefix`` has no slash at either end."""

    route_prefix: str
    queues: QueueOptions


def read_host_json(app: Path, settings: AppSettings) -> HostConfig:
    """Return the file's options, each overridden by ``AzureFunctionsJobHost__<path>``.

    Raises:
        StartError: The file is missing, or Azure would not accept an option.
    """
    document = _document(app / "host.json")
    for path, value in settings.under(_OVERRIDES):
        _override(document, path, value)
    extensions = _child(document, "extensions")
    http = _child(extensions, "http")
    prefix = http.get("routeprefix", "api")
    return HostConfig(str(prefix).strip("/"), _queue_options(_child(extensions, "queues")))


def time_span(text: str) -> timedelta:
    """Return the length of a .NET time span: ``hh:mm[:ss[.fff]]``, with days before as ``d.``.

    Raises:
        ValueError: The text is not a time span.
    """
    match = _TIME_SPAN.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} must be a time span, such as 00:00:30")
    return timedelta(**{unit: float(value or 0) for unit, value in match.groupdict().items()})


def _document(path: Path) -> _Node:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise StartError(f"{path} is missing: --app must name its folder") from error
    except ValueError as error:
        raise StartError(f"{path} must be JSON: {error}") from error
    if not isinstance(document, dict) or document.get("version") != "2.0":
        raise StartError(f'{path} must be an object with "version": "2.0"')
    return _folded(document)


def _folded(node: _Node) -> _Node:
    return {
        name.lower(): _folded(value) if isinstance(value, dict) else value
        for name, value in node.items()
    }


def _child(node: _Node, name: str) -> _Node:
    child = node.setdefault(name, {})
    if not isinstance(child, dict):
        raise StartError(f"host.json: {name} must be an object")
    return child


def _override(node: _Node, path: tuple[str, ...], value: str) -> None:
    *parents, last = path
    for name in parents:
        node = _child(node, name)
    node[last] = value


def _queue_options(node: _Node) -> QueueOptions:
    standard = QueueOptions()
    batch_size = _number(node, "batchSize", standard.batch_size, least=1, most=_MAX_BATCH_SIZE)
    encoding = str(node.get("messageencoding", "base64")).lower()
    if encoding not in {"base64", "none"}:
        raise StartError("host.json: messageEncoding must be base64 or none")
    return QueueOptions(
        batch_size=batch_size,
        new_batch_threshold=_number(node, "newBatchThreshold", batch_size // 2, least=0),
        max_dequeue_count=_number(node, "maxDequeueCount", standard.max_dequeue_count, least=1),
        visibility_timeout=_span(node, "visibilityTimeout", standard.visibility_timeout),
        max_polling_interval=_span(node, "maxPollingInterval", standard.max_polling_interval),
        base64=encoding == "base64",
    )


def _number(node: _Node, name: str, default: int, *, least: int, most: int | None = None) -> int:
    value = node.get(name.lower(), default)
    try:
        number = int(str(value))
    except ValueError as error:
        raise StartError(f"host.json: {name} must be a whole number") from error
    if number < least or (most is not None and number > most):
        limit = f"at least {least}" if most is None else f"from {least} to {most}"
        raise StartError(f"host.json: {name} must be {limit}")
    return number


def _span(node: _Node, name: str, default: timedelta) -> timedelta:
    value = node.get(name.lower())
    if value is None:
        return default
    try:
        return time_span(str(value))
    except ValueError as error:
        raise StartError(f"host.json: {name}: {error}") from error
