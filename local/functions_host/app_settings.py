"""The app's settings: the environment and, if wanted, ``local.settings.json``."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from local.functions_host.errors import StartError


class AppSettings:
    """Settings by name, as the host reads them: case does not matter, ``:`` equals ``__``."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = {_folded(name): value for name, value in values.items()}

    def get(self, name: str) -> str | None:
        """Return the value, or None if the setting is absent or empty."""
        return self._values.get(_folded(name)) or None

    def under(self, prefix: str) -> Iterator[tuple[tuple[str, ...], str]]:
        """Yield every setting whose first part is ``prefix``: its other parts and its value."""
        for name, value in self._values.items():
            first, *rest = name.split("__")
            if rest and first == prefix.lower():
                yield tuple(rest), value


def _folded(name: str) -> str:
    return name.lower().replace(":", "__")


def read_settings(app: Path, *, with_file: bool) -> AppSettings:
    """Return the settings; those of the file go into the environment, unless set there already.

    Raises:
        StartError: The file is missing or is not a valid local.settings.json.
    """
    if with_file:
        for name, value in _file_values(app / "local.settings.json").items():
            os.environ.setdefault(name, value)
    return AppSettings(os.environ)


def _file_values(path: Path) -> dict[str, str]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise StartError(f"{path} is missing: copy local.settings.json.example") from error
    except ValueError as error:
        raise StartError(f"{path} must be JSON: {error}") from error
    if not isinstance(document, dict) or document.get("IsEncrypted"):
        raise StartError(f"{path} must be an unencrypted JSON object: see the .example file")
    values = document.get("Values", {})
    if not isinstance(values, dict) or not all(isinstance(v, str) for v in values.values()):
        raise StartError(f"{path}: Values must be an object of strings")
    return values
