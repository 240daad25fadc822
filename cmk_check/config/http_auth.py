"""How HTTP requests are authorised: the one setting needed while ``function_app`` is imported.

Kept apart from ``settings`` so that a cold start does not load pydantic before the first
invocation. ``Settings.load`` reports an invalid value later.
"""

import os
from collections.abc import Mapping
from typing import Literal

type HttpAuth = Literal["keys", "entra"]


def http_auth_level(environ: Mapping[str, str] | None = None) -> HttpAuth:
    """Read CMK_HTTP_AUTH; every value but ``entra`` means ``keys``, the safe default."""
    variables = os.environ if environ is None else environ  # noqa: TID251 - before settings load
    return "entra" if variables.get("CMK_HTTP_AUTH", "").strip().lower() == "entra" else "keys"
