"""What hosts and commands import sooner or later, for the fork server alone."""

import importlib
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

for name in _LAZY:
    importlib.import_module(name)
for module in pkgutil.walk_packages(cmk_check.__path__, "cmk_check."):
    if module.name != _NOT_BEFORE:
        importlib.import_module(module.name)
