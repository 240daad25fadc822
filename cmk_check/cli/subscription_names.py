"""Find the subscriptions that ``--subscription`` names, by id or name, and similar names."""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from cmk_check.cli.options import refuse
from cmk_check.core.text import escape_invisible, few, is_guid
from cmk_check.errors import NotUsable
from cmk_check.limits import MAX_NAME_SHOWN_CHARS, MAX_NAMES_LISTED

if TYPE_CHECKING:
    from cmk_check.core.account import Subscription

_LIKE_AN_ID: Final = re.compile("[0-9a-fA-F-]{30,}")


def parse_subscriptions(arguments: Sequence[str] | None) -> Sequence[str]:
    """Return the ids and names in the arguments.

    Raises:
        BadParameter: an argument is empty, or an id that was cut.
    """
    stripped = [text.strip() for text in arguments or ()]
    for text in stripped:
        is_cut = not text or (_LIKE_AN_ID.fullmatch(text) and not is_guid(text))
        like = "the name or the id of a subscription, like 00000000-0000-0000-0000-000000000000"
        refuse(("--subscription", f"{text[:MAX_NAME_SHOWN_CHARS]!a} must be {like}", is_cut))
    return stripped


async def find_ids(arguments: Sequence[str]) -> list[str]:
    """Return the lower-cased ids of subscriptions; names are searched in Azure.

    Raises:
        NotUsable: no subscription has the name, or several have it.
        InventoryError: the subscriptions could not be listed.
        SettingsError: a setting is invalid.
    """
    if all(map(is_guid, arguments)):
        return [text.lower() for text in arguments]
    from cmk_check.config.settings import Settings
    from cmk_check.inventory.azure_inventory import open_inventory

    inventory = await open_inventory(Settings.load_for_scan())
    try:
        listed = await inventory.subscriptions()
    finally:
        await inventory.close()
    return [find_id(text, listed) for text in arguments]


def find_id(text: str, listed: Sequence["Subscription"]) -> str:
    """Return the id of one of the listed subscriptions, by its case-insensitive name.

    Raises:
        NotUsable: no subscription has this name, or several have it.
    """
    if is_guid(text):
        return text.lower()
    ids = [each.id for each in listed if (each.name or "").strip().casefold() == text.casefold()]
    if len(ids) == 1:
        return ids[0]
    name = text[:MAX_NAME_SHOWN_CHARS]
    if ids:
        why = f"{len(ids):,} subscriptions have the name {name}; use the id of one of them: "
        raise NotUsable(f"--subscription: {why}{few(sorted(ids))}")
    names = [each.name for each in listed if each.name]
    close, seen = find_similar_names(text, names), few(sorted(names)) or "no subscription"
    hint = f"similar names: {', '.join(close)}" if close else f"you see {seen}"
    raise NotUsable(
        escape_invisible(f"--subscription: no subscription has the name {name}; {hint}")
    )


def find_similar_names(name: str, names: Iterable[str]) -> Sequence[str]:
    """Return the names that an unknown name may refer to, case-insensitively.

    Similar names have a similar spelling or contain the unknown name.
    """
    text, known_names = name.strip().lower(), sorted(set(names))
    close = get_close_matches(text, sorted({it.lower() for it in known_names}), MAX_NAMES_LISTED)
    alike = [name for match in close for name in known_names if name.lower() == match]
    containing = [name for name in known_names if text and text in name.lower()]
    return list(dict.fromkeys([*alike, *containing]))[:MAX_NAMES_LISTED]
