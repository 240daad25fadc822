"""Resources inside another one, which have no more than a name and properties."""

import threading
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})


class Children:
    """The children of one type of a resource, by name; they can change while they are read.

    ``state``  what Azure adds to the properties of each, unless they say otherwise
    ``build``  makes properties from what ``set`` is given
    """

    def __init__(  # noqa: PLR0913 - each is a part of the answer, by keyword
        self,
        parent_id: str,
        type_: str,
        specs: Mapping[str, object],
        lock: threading.RLock,
        *,
        state: Mapping[str, object] = _NOTHING,
        build: Callable[[object], object] = lambda spec: spec,
    ) -> None:
        self._parent_id = parent_id
        self._type = type_
        self._properties = {name: build(spec) for name, spec in specs.items()}
        self._lock = lock
        self._state = state
        self._build = build

    def set(self, name: str, spec: object) -> None:
        """Add or change a child; a ``spec`` is its properties as Azure has them."""
        with self._lock:
            self._properties[name] = self._build(spec)

    def remove(self, name: str) -> None:
        """Delete a child. Raises KeyError if there is none of this name."""
        with self._lock:
            del self._properties[name]

    def documents(self) -> list[object]:
        """Return the JSON that Azure would send for each child."""
        with self._lock:
            return [
                self._document(name, properties) for name, properties in self._properties.items()
            ]

    def _document(self, name: str, properties: object) -> dict[str, object]:
        if isinstance(properties, dict):
            properties = {**self._state, **properties}
        return {
            "id": f"{self._parent_id}/{self._type.rpartition('/')[2]}/{name}",
            "name": name,
            "type": self._type,
            "properties": properties,
        }
