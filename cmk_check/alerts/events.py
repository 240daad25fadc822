"""Where whoever tells changes finds their shape."""

from cmk_check.core.events import event_of

__all__ = ["event_of"]
