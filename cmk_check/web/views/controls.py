"""The controls that findings answer: the same for every account, so no table is read for them."""

from functools import cache

from cmk_check.core.controls import CAUTION, CONTROLS
from cmk_check.web.aspect_models import Controls


@cache
def controls() -> Controls:
    """Return the controls with their mappings."""
    return Controls(caution=CAUTION, value=CONTROLS)
