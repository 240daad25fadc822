"""How HTTP is authorised: the one setting that must be known while ``function_app`` is imported.

Apart from ``settings``, because a cold start should not pay for pydantic before the first
invocation. An invalid value is named by ``Settings.load`` then.
"""

import os
from collections.abc import Mapping
from typing import Literal

type HttpAuth = Literal["keys", "entra"]


def http_auth_level(environ: Mapping[str, str] | None = None) -> HttpAuth:
    """Read CMK_HTTP_AUTH; what is not ``entra`` is ``keys``: nobody gets in without a key."""
    given = os.environ if environ is None else environ  # noqa: TID251 - before settings can load
    return "entra" if given.get("CMK_HTTP_AUTH", "").strip().lower() == "entra" else "keys"
