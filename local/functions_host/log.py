"""Writes log lines to standard error: the app's unchanged, the host's with a prefix."""

import logging
import os
from typing import Final

_DEBUG: Final = "PYTHON_ENABLE_DEBUG_LOGGING"

log: Final = logging.getLogger("functions_host")

# The storage SDK would log every polling request of the host, which helps no reader.
storage_log: Final = logging.getLogger("functions_host.storage")


def configure_logging() -> None:
    """Write the app's log as plain lines, from the same level as the worker on Azure."""
    plain = logging.StreamHandler()
    plain.setFormatter(logging.Formatter("%(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [plain]
    root.setLevel(logging.DEBUG if os.environ.get(_DEBUG) == "1" else logging.INFO)
    prefixed = logging.StreamHandler()
    prefixed.setFormatter(logging.Formatter("functions_host: %(message)s"))
    log.handlers[:] = [prefixed]
    log.propagate = False
    log.setLevel(logging.INFO)
    storage_log.setLevel(logging.WARNING)
