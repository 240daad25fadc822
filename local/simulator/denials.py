"""Actions that the identity may not take, in addition to its access to a subscription."""

import threading
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Denial:
    """An action that is refused at a scope and below; the case of both does not matter.

    ``asking_for_groups``  only for requests that filter role assignments by ``assignedTo()``
    """

    action: str
    scope: str = "/"
    asking_for_groups: bool = False

    def applies(self, action: str, scope: str) -> bool:
        """Return whether this refuses the action at the scope."""
        within = f"{scope.rstrip('/')}/".lower().startswith(f"{self.scope.rstrip('/')}/".lower())
        return within and self.action.lower() == action.lower()


class Denials:
    """The denials of an estate; they can change while the estate is read."""

    def __init__(self) -> None:
        self._denials: list[Denial] = []
        self._lock = threading.Lock()

    def add(self, action: str, scope: str = "/", *, asking_for_groups: bool = False) -> Denial:
        """Refuse an action at a scope and below; a scope is an id such as "/subscriptions/.."."""
        denial = Denial(action, scope, asking_for_groups)
        with self._lock:
            self._denials.append(denial)
        return denial

    def remove(self, denial: Denial) -> None:
        """Remove a denial."""
        with self._lock:
            self._denials.remove(denial)

    def clear(self) -> None:
        """Remove all denials."""
        with self._lock:
            self._denials.clear()

    def refuses(self, action: str, scope: str, *, asking_for_groups: bool = False) -> bool:
        """Return whether a denial refuses the action at the scope."""
        with self._lock:
            return any(
                denial.applies(action, scope)
                and (asking_for_groups or not denial.asking_for_groups)
                for denial in self._denials
            )
