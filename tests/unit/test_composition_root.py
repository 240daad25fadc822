"""What an app sets up for its process."""

import gc

from cmk_check.composition_root import App
from cmk_check.config.settings import Settings
from cmk_check.limits import GARBAGE_OBJECTS


def test_garbage_is_looked_for_less_often_than_by_default() -> None:
    """A scan keeps nearly all that it reads: looking for garbage took an eighth of its time."""
    before = gc.get_threshold()
    gc.set_threshold(2_000, 7, 8)
    try:
        App(Settings.load_for_scan(environ={}))
        assert gc.get_threshold() == (GARBAGE_OBJECTS, 7, 8)
    finally:
        gc.set_threshold(*before)
