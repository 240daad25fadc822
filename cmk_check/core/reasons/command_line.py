"""Reword messages of the reason catalogue for a person at the command line.

Every stored message is worded for readers of the app. A scan at the command line rewords messages
when it prints them.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from cmk_check.core.reasons.catalogue import TABLES

APP_PHRASES: Final[Mapping[str, str]] = TABLES["command_line"]
_OF_OPTION: Final[Mapping[str, str]] = APP_PHRASES | TABLES["subscription_option"]
# The patterns of all phrases, with longer phrases first.
_APP, _OPTION = (
    re.compile("|".join(map(re.escape, sorted(phrases, key=len, reverse=True))))
    for phrases in (APP_PHRASES, _OF_OPTION)
)


@lru_cache(maxsize=1000)  # most accounts have the same messages
def address_person(text: str, *, by_option: bool = False) -> str:
    """Reword a message of the reason catalogue for the person who runs the command.

    ``by_option`` means that the --subscription option selected the subscriptions.
    """
    phrases, pattern = (_OF_OPTION, _OPTION) if by_option else (APP_PHRASES, _APP)
    return pattern.sub(lambda found: phrases[found[0]], text)
