"""Two kinds of lines on standard error: the app's as they are, the host's with a prefix."""

import logging
import os
from typing import Final

_DEBUG: Final = "PYTHON_ENABLE_DEBUG_LOGGING"

log: Final = logging.getLogger("functions_host")

# The storage SDK logs every request of the host's own polling, which nobody asked for.
storage_log: Final = logging.getLogger("functions_host.storage")


def configure_logging() -> None:
    """Write what the app logs as plain lines, from the level that the worker has on Azure."""
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
