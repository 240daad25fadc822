"""What the identity may not do, beyond what its access to a subscription says."""

import threading
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Denial:
    """An action that is refused at a scope and below; both in any case.

    ``asking_for_groups``  only where role assignments are filtered by ``assignedTo()``
    """

    action: str
    scope: str = "/"
    asking_for_groups: bool = False

    def meets(self, action: str, scope: str) -> bool:
        """Whether doing this there is refused."""
        within = f"{scope.rstrip('/')}/".lower().startswith(f"{self.scope.rstrip('/')}/".lower())
        return within and self.action.lower() == action.lower()


class Denials:
    """The denials of an estate; they may change while it is read."""

    def __init__(self) -> None:
        self._denials: list[Denial] = []
        self._lock = threading.Lock()

    def add(self, action: str, scope: str = "/", *, asking_for_groups: bool = False) -> Denial:
        """Refuse an action at a scope, an id such as "/subscriptions/..", and below."""
        denial = Denial(action, scope, asking_for_groups)
        with self._lock:
            self._denials.append(denial)
        return denial

    def remove(self, denial: Denial) -> None:
        """Allow again what a denial refused."""
        with self._lock:
            self._denials.remove(denial)

    def clear(self) -> None:
        """Allow again all that was refused."""
        with self._lock:
            self._denials.clear()

    def refuses(self, action: str, scope: str, *, asking_for_groups: bool = False) -> bool:
        """Whether doing this there is refused."""
        with self._lock:
            return any(
                each.meets(action, scope) and (asking_for_groups or not each.asking_for_groups)
                for each in self._denials
            )
