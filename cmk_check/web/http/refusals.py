"""Requests that get an error response; the command line uses the views without a web framework."""

from collections.abc import Mapping
from http import HTTPStatus


class RequestRefused(Exception):
    """A request that gets an error response; views raise it, an exception handler answers it."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        message: str,
        target: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Keep the fields of the envelope."""
        self.status = status
        self.code = code
        self.message = message
        self.target = target
        self.headers = headers
        super().__init__(message)


def not_recorded(subscription_id: str) -> RequestRefused:
    """Return the error for a subscription that no scan has recorded."""
    return RequestRefused(
        HTTPStatus.NOT_FOUND,
        "NotFound",
        f"The subscription {subscription_id} is not recorded; check its id, and whether the app's "
        "identity may read it.",
        "subscription",
    )
