"""What ``cmk-check scan`` loads: a person waits for it."""

import subprocess
import sys

_SCAN_IN_MEMORY = """
import asyncio, os, sys
import cmk_check.cli.scan_report
from cmk_check.composition_root import App
from cmk_check.config.settings import Settings

app = App(Settings.load_for_scan(environ={}))
asyncio.run(app.scan_context())
print(*sys.modules)
"""


def test_a_scan_in_memory_loads_neither_a_web_framework_nor_clients_of_a_storage() -> None:
    """They are a third of what it would load."""
    run = subprocess.run(
        [sys.executable, "-c", _SCAN_IN_MEMORY], capture_output=True, text=True, check=True
    )
    loaded = set(run.stdout.split())

    assert {"cmk_check.web.views.findings", "azure.mgmt.cognitiveservices"} <= loaded
    assert not {"fastapi", "starlette", "azure.data.tables", "azure.storage.queue"} & loaded
