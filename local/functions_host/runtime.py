"""Calls the internals of ``azure-functions-runtime``; no other file knows them.

That library is the Python worker on Azure, and its interface to the host is internal. This file
calls it as Azure's own proxy worker does (``workers/proxy_worker`` of
Azure/azure-functions-python-worker), but passes values as the worker's ``Datum``, so that no
protobuf is needed.
"""

import logging
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, Self
from uuid import uuid4

from local.functions_host.data import Data, Failure, HttpAnswer, HttpRequest, Json, Outcome, Text
from local.functions_host.errors import StartError
from local.functions_host.functions import Function

_PACKAGE: Final = "azure-functions-runtime"
_VERSION: Final = "1.3.0"
_SUCCESS: Final = 1


@dataclass(frozen=True, slots=True)
class IndexedFunction:
    """A function as the worker indexed it; its bindings are JSON texts with unresolved settings."""

    id: str
    name: str
    raw_bindings: tuple[str, ...]


class Worker:
    """The app, loaded into this process; only one per process: the worker uses module globals."""

    def __init__(self, invoke: Any, datum: Any, functions: tuple[IndexedFunction, ...]) -> None:  # noqa: ANN401 - the library has no types
        self._invoke = invoke
        self._datum = datum
        self.functions = functions

    @classmethod
    async def load(cls, app: Path) -> Self:
        """Import and index the app.

        Raises:
            StartError: The library has another version, or the app cannot be indexed.
        """
        runtime, invoke, datum = _import_runtime()
        if not (app / "function_app.py").is_file():
            raise StartError(f"{app} has no function_app.py: --app must name its folder")
        _move_into(app)
        runtime.start_threadpool_executor()
        _require_success(await runtime.worker_init_request(_init_request(app)))
        reply = await runtime.functions_metadata_request(None)
        _require_success(reply)
        results = reply.function_metadata_results or []
        return cls(invoke, datum, tuple(_indexed(found) for found in results))

    async def invoke(
        self, function: Function, value: Data, metadata: Mapping[str, Data]
    ) -> Outcome:
        """Run the function once: a coroutine on this loop, others in the worker's threads."""
        ok, returned, _, error, traceback = await self._invoke(
            str(uuid4()),
            function.id,
            [(function.trigger.parameter, self._datum_of(value))],
            {name: self._datum_of(item) for name, item in metadata.items()},
        )
        if not ok:
            return Outcome(failure=Failure(error, traceback))
        return Outcome(answer=None if returned is None else _answer(returned))

    def _datum_of(self, data: Data) -> Any:  # noqa: ANN401 - the library has no types
        match data:
            case Text(value):
                return self._datum(value, "string")
            case Json(value):
                return self._datum(value, "json")
            case HttpRequest():
                return self._datum(self._http_value(data), "http")

    def _http_value(self, request: HttpRequest) -> dict[str, object]:
        def texts(values: Mapping[str, str]) -> dict[str, object]:
            return {name: self._datum(value, "string") for name, value in values.items()}

        return {
            "method": self._datum(request.method, "string"),
            "url": self._datum(request.url, "string"),
            "headers": texts(request.headers),
            "query": texts(request.query),
            "params": texts(request.params),
            "body": self._datum(request.body, "bytes"),
        }


def _import_runtime() -> tuple[Any, Any, Any]:
    try:
        found = version(_PACKAGE)
    except PackageNotFoundError as error:
        raise StartError(f"{_PACKAGE} is not installed; run `make install`") from error
    if found != _VERSION:
        raise StartError(
            f"{_PACKAGE} is {found}, but this host drives the internals of {_VERSION}; "
            "run `make install`"
        )
    try:
        import azure_functions_runtime as runtime
        from azure_functions_runtime.bindings.datumdef import Datum
        from azure_functions_runtime.native_invocation import invocation_request_native
    except ImportError as error:
        raise StartError(f"{_PACKAGE} cannot be imported: {error}; run `make install`") from error
    _quiet(logging.getLogger("azure.functions"))
    return runtime, invocation_request_native, Datum


def _quiet(logger: logging.Logger) -> None:
    """Stop the worker from logging settings (at INFO) and failures (the host logs them)."""
    logger.setLevel(logging.WARNING)
    logger.addFilter(lambda record: not record.getMessage().startswith("Native invocation failed"))


def _move_into(app: Path) -> None:
    """Let the app import from its folder and from what is installed, as on Azure."""
    launched_from = str(Path.cwd())
    sys.path[:] = [str(app), *(path for path in sys.path if path not in {"", launched_from})]
    os.chdir(app)


def _init_request(app: Path) -> SimpleNamespace:
    init = SimpleNamespace(capabilities={}, function_app_directory=str(app))
    return SimpleNamespace(
        request=SimpleNamespace(worker_init_request=init),
        properties={"protos": _Protos, "host": "127.0.0.1"},
    )


def _require_success(reply: Any) -> None:  # noqa: ANN401 - the library has no types
    if reply.result.status != _SUCCESS:
        fault = reply.result.exception
        # The message comes last, as in Python: long traces may lose their beginning.
        raise StartError(
            f"{fault.stack_trace.rstrip()}\n\n"
            f"function_app.py could not be indexed: {fault.message}\n"
            "Correct it, or a module that it imports, and start again."
        )


def _indexed(found: Any) -> IndexedFunction:  # noqa: ANN401 - the library has no types
    if found.retry_options is not None:
        raise StartError(f"function {found.name} has a retry policy; this host supports none")
    return IndexedFunction(found.function_id, found.name, tuple(found.raw_bindings))


def _answer(returned: Any) -> HttpAnswer:  # noqa: ANN401 - the library has no types
    if returned.type == "string":
        headers = {"content-type": "text/plain; charset=utf-8"}
        return HttpAnswer(200, headers, (), returned.value.encode())
    value = returned.value
    return HttpAnswer(
        status=int(value["status_code"].value),
        headers={name: header.value for name, header in value["headers"].items()},
        cookies=tuple(
            morsel.OutputString() for jar in value["cookies"] or () for morsel in jar.values()
        ),
        body=value["body"].value,
    )


class _Record(SimpleNamespace):
    """Replaces a protobuf message: the worker only sets its fields and returns it."""


class _StatusResult(_Record):
    Failure = 0
    Success = _SUCCESS
    Cancelled = 2


class _BindingInfo(_Record):
    # The values of BindingInfo.Direction and BindingInfo.DataType in FunctionRpc.proto.
    undefined, string, binary, stream = range(4)
    out = 1
    inout = 2


class _Protos:
    """The names that indexing needs from Azure's protobuf modules."""

    WorkerInitResponse = _Record
    WorkerMetadata = _Record
    StatusResult = _StatusResult
    RpcException = _Record
    FunctionMetadataResponse = _Record
    RpcFunctionMetadata = _Record
    RpcRetryOptions = _Record
    BindingInfo = _BindingInfo
