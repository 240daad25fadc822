"""The parts of a chat line about data stores: the stores, counts."""

from collections.abc import Mapping

from cmk_check.alerts.plain_text import plain
from cmk_check.core.text import as_object
from cmk_check.limits import MAX_CHAT_KEY_CODES


def data_places(stores: Mapping[str, object]) -> str:
    """Return the names of the first stores that are not under a usable key of the customer."""
    listed = stores.get("stores")
    ids = [as_object(store).get("id") for store in (listed if isinstance(listed, list) else ())]
    names = [plain(each.rpartition("/")[2]) for each in ids if isinstance(each, str)]
    return f"stores: {', '.join(names[:MAX_CHAT_KEY_CODES])}" if names else ""


def data_sums(data: Mapping[str, object]) -> str:
    """Return the counts of data stores that the first scan found."""
    sums = as_object(data.get("dataStores"))
    if not sums:
        return ""
    words = {
        "microsoftKeys": "under Microsoft's keys",
        "mayBeMicrosoftKeys": "perhaps",
        "unknown": "unknown",
        "ownKeys": "under own keys",
        "none": "nowhere else",
    }
    counts = ", ".join(f"{plain(sums.get(key))} {word}" for key, word in words.items())
    return f"data stores of accounts: {counts}"
