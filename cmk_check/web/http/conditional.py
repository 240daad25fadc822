"""Conditional requests: check whether the caller already has the current response."""


def matches(if_none_match: str | None, etag: str) -> bool:
    """Return whether the caller has this response (RFC 9110, 13.1.2: weak comparison)."""
    if if_none_match is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in tags or tags == ["*"]
