"""The error for invalid settings, in a separate module without heavy imports."""

from collections.abc import Sequence

from cmk_check.errors import CmkCheckError


class SettingsError(CmkCheckError):
    """The settings are invalid.

    ``faults`` contains a pair for each fault: the setting, and what is wrong and what to do.
    """

    def __init__(self, faults: Sequence[tuple[str, str]]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{name}: {fault}" for name, fault in self.faults))
