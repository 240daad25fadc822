"""The aspects: what stands beside a verdict. The catalogue has them in the order of answers."""

from collections.abc import Mapping
from typing import Final

from cmk_check.core.aspects.aspect import Aspect
from cmk_check.core.aspects.azure_policies import AZURE_POLICY
from cmk_check.core.aspects.data_stores import DATA_STORES
from cmk_check.core.aspects.exceptions import EXCEPTION
from cmk_check.core.aspects.key_health import KEY_HEALTH
from cmk_check.core.aspects.owners import OWNER

ASPECTS: Final[tuple[Aspect, ...]] = (KEY_HEALTH, DATA_STORES, EXCEPTION, OWNER, AZURE_POLICY)
BY_NAME: Final[Mapping[str, Aspect]] = {aspect.name: aspect for aspect in ASPECTS}
