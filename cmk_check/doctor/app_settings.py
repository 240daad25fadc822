"""Reads the settings of a deployed app from the output of the az command."""

import json
from collections.abc import Mapping
from typing import Final

_PREFIX: Final = "CMK_"
# The last one is the platform's to set, and a fault as a setting.
_OTHERS: Final = frozenset({"AZURE_CLIENT_ID", "WEBSITE_AUTH_ENABLED"})


class NotSettings(Exception):
    """The text is not a list of an app's settings. ``str()`` says what it must be."""


def laid_over(environ: Mapping[str, str], text: str) -> dict[str, str]:
    """Return the environment with its settings of this program replaced by the app's.

    ``text`` is what ``az functionapp config appsettings list`` prints, or ``local.settings.json``.

    Raises:
        NotSettings: the text is neither.

    """
    own = {name: value for name, value in environ.items() if not _is_of_the_app(name)}
    return own | {
        name: value.strip()
        for name, value in _listed(text).items()
        if _is_of_the_app(name) and value.strip()
    }


def _is_of_the_app(name: str) -> bool:
    return name.startswith(_PREFIX) or name in _OTHERS


def _listed(text: str) -> Mapping[str, str]:
    try:
        document = json.loads(text)
        if isinstance(document, dict):
            document = [{"name": name, "value": it} for name, it in document["Values"].items()]
        # A missing value is null.
        return {str(entry["name"]): str(entry["value"] or "") for entry in document}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise NotSettings(
            "must be a list of settings: the output of `az functionapp config appsettings list "
            "--output json`, or a local.settings.json"
        ) from error
