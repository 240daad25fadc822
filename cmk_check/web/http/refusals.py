"""Errors in requests, defined without a web framework, because the command line uses the views."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus


@dataclass(eq=False)
class RequestRefused(Exception):
    """A request that gets an error response; views raise it, an exception handler responds."""

    status: HTTPStatus
    code: str
    message: str
    target: str | None = None
    headers: Mapping[str, str] | None = None

    def __str__(self) -> str:
        return self.message


def build_not_found(message: str, target: str = "id") -> RequestRefused:
    """Return the error for a resource that no scan has recorded."""
    return RequestRefused(HTTPStatus.NOT_FOUND, "NotFound", message, target)


def build_not_recorded(subscription_id: str) -> RequestRefused:
    """Return the error for a subscription that no scan has recorded."""
    return build_not_found(
        f"No scan has recorded the subscription {subscription_id}; check its id, and whether the "
        "app's identity may read it.",
        "subscription",
    )
