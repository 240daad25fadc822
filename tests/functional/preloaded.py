"""What hosts and commands import sooner or later, for the fork server alone."""

import importlib
import os
import pkgutil

import cmk_check

_LAZY = (
    "azure.core.rest._aiohttp",
    "azure.identity.aio._credentials.app_service",
    "azure_functions_runtime.native_invocation",
    "local.functions_host.host",
    "_strptime",
    "dateutil.tz",
    "rich.console",
    "rich.table",
)
_NOT_BEFORE = "cmk_check.__main__"  # it runs

# Each fork has an environment of its own; some libraries look at it when they are imported.
for name in os.environ.keys() - {"HOME", "PATH"}:
    del os.environ[name]
for name in _LAZY:
    importlib.import_module(name)
for module in pkgutil.walk_packages(cmk_check.__path__, "cmk_check."):
    if module.name != _NOT_BEFORE:
        importlib.import_module(module.name)
