"""The aspects, that is, facts shown beside a verdict, in the order of ``ASPECTS`` and the API."""

from collections.abc import Mapping
from typing import Final

from cmk_check.core.account import Account
from cmk_check.core.aspects.aspect import Aspect, Judged
from cmk_check.core.aspects.due_dates import DUE
from cmk_check.core.aspects.exceptions import EXCEPTION
from cmk_check.core.aspects.key_health import KEY_HEALTH
from cmk_check.core.aspects.owners import OWNER
from cmk_check.core.owner import choose_owner
from cmk_check.core.rule import judge

ASPECTS: Final[tuple[Aspect, ...]] = (
    KEY_HEALTH,
    EXCEPTION,
    DUE,  # follows the exception aspect, on which it depends
    OWNER,
)
BY_NAME: Final[Mapping[str, Aspect]] = {aspect.name: aspect for aspect in ASPECTS}


def judge_alone(account: Account, owner: str | None) -> Judged:
    """Judge those aspects of an account that need only the account's own JSON document.

    ``owner`` is the owner from the subscription's tags.
    """
    return Judged(account, judge(account), owner=choose_owner(account.owner, owner))
