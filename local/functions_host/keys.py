"""The access keys of the host: who may call which function."""

import hmac
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from local.functions_host.errors import StartError
from local.functions_host.functions import AuthLevel


@dataclass(frozen=True, slots=True)
class Keys:
    """The master key opens everything, the default key every function, other keys one function.

    No repr shows a key.
    """

    master: str = field(repr=False)
    default: str = field(repr=False)
    functions: Mapping[str, str] = field(repr=False)

    @classmethod
    def make(cls, functions: Iterable[str], path: Path | None = None) -> Self:
        """Return the keys in the JSON file at ``path``, and random ones for the rest.

        Raises:
            StartError: The file cannot be read, or names a function that takes no key.
        """
        given = {} if path is None else _read(path)
        own = given.get("functions", {})
        names = list(functions)
        if not isinstance(own, dict) or not set(own) <= set(names):
            raise StartError(f"{path}: functions must be an object that names HTTP functions only")
        return cls(
            master=str(given.get("master") or _random()),
            default=str(given.get("default") or _random()),
            functions={name: str(own.get(name) or _random()) for name in names},
        )

    def is_master(self, given: str | None) -> bool:
        """Return whether this is the master key."""
        return given is not None and _same(given, self.master)

    def allows(self, function: str, level: AuthLevel, given: str | None) -> bool:
        """Return whether the caller's key, if any, opens the function."""
        if level is AuthLevel.ANONYMOUS or self.is_master(given):
            return True
        if level is AuthLevel.ADMIN or given is None:
            return False
        return _same(given, self.default) or _same(given, self.functions[function])

    def document(self) -> dict[str, object]:
        """Return the keys in the shape of the file."""
        functions = dict(self.functions)
        return {"master": self.master, "default": self.default, "functions": functions}


def _read(path: Path) -> dict[str, object]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StartError(f"the keys file {path} cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise StartError(f"the keys file {path} must be an object: master, default, functions")
    return document


def _random() -> str:
    return secrets.token_urlsafe(32)


def _same(given: str, key: str) -> bool:
    return hmac.compare_digest(given.encode(), key.encode())
