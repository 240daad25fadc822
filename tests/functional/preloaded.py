"""What hosts import sooner or later, for the fork server alone: a fork has it without delay."""

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
)
_NOT_IN_A_HOST = ("cmk_check.cli", "cmk_check.doctor", "cmk_check.__main__")

for name in _LAZY:
    importlib.import_module(name)
for module in pkgutil.walk_packages(cmk_check.__path__, "cmk_check."):
    if not module.name.startswith(_NOT_IN_A_HOST):
        importlib.import_module(module.name)
