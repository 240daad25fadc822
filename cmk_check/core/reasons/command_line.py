"""The words of the catalogue for the person at the command line, where they are not the app's.

A stored text is always the app's, because the app's readers read it too: a scan of the command line
changes the words when it prints them.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from cmk_check.core.reasons.catalogue import TABLES

APP_PHRASES: Final[Mapping[str, str]] = TABLES["command_line"]
_OF_OPTION: Final[Mapping[str, str]] = APP_PHRASES | TABLES["subscription_option"]
# Patterns of all phrases, which prefer the longest one.
_APP, _OPTION = (
    re.compile("|".join(map(re.escape, sorted(phrases, key=len, reverse=True))))
    for phrases in (APP_PHRASES, _OF_OPTION)
)


@lru_cache(maxsize=1000)  # most accounts share their messages
def address_person(text: str, *, by_option: bool = False) -> str:
    """Return a text of the catalogue in words for the person who runs the command.

    ``by_option``: the option --subscription selected the subscriptions, not the settings.
    """
    phrases, pattern = (_OF_OPTION, _OPTION) if by_option else (APP_PHRASES, _APP)
    return pattern.sub(lambda found: phrases[found[0]], text)
