"""The part of a chat line about an exception: which exemption, and until when or how it ended."""

from collections.abc import Mapping

from cmk_check.alerts.plain_text import plain


def exception_text(data: Mapping[str, object], exception: Mapping[str, object]) -> str:
    """Return the exemption's category and name, and its expiry or why it has ended."""
    exemption_id = exception.get("id")
    last = exemption_id.rpartition("/")[2] if isinstance(exemption_id, str) else None
    name = plain(exception.get("displayName")) or plain(last)
    what = f"{plain(exception.get('category')) or 'Exemption'} {name}".rstrip()
    if ended := plain(data.get("ended")):
        return f"{what}, ended: {ended}"
    return f"{what}, until {plain(exception.get('expiresOn'))}"
