"""Every error that this program raises, in one tree.

CmkCheckError
├── SettingsError          the settings are invalid; names every fault
├── InventoryError         Azure could not be read; holds the gap to record
├── StoreError
│   ├── StoreUnavailable   the table service does not answer; a write may have happened
│   ├── WriteConflict      another process wrote first; read again
│   ├── RowUnusable        a row that a newer version wrote, or that is broken
│   ├── StoreRefused       the table service denies access: identity, role or network
│   └── LimitExceeded      a write that exceeds a limit of the table service
├── QueueError             a message could not be sent
├── DeliveryFailed         the webhook did not accept changes; permanent or to be tried again
├── SliceHeld              another worker has the slice; deliver the message again later
├── ClaimLost              this worker lost its claim or lease; stop without writing
├── SliceIncomplete        a slice is not done yet; deliver the message again
├── ApiUnusable            the HTTP API of an app gave no answer that can be used
└── SigningFailed          a vault has not signed
"""

from collections.abc import Sequence

from cmk_check.core.gap import Gap


class CmkCheckError(Exception):
    """The root of the tree."""


class SettingsError(CmkCheckError):
    """The settings are invalid.

    ``faults`` names every one: (setting, what is wrong and what to do).
    """

    def __init__(self, faults: Sequence[tuple[str, str]]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{name}: {fault}" for name, fault in self.faults))


class InventoryError(CmkCheckError):
    """Azure could not be read. ``gap`` is the gap to record."""

    def __init__(self, gap: Gap) -> None:
        self.gap = gap
        super().__init__(f"{gap.reason}: {gap.detail}")


class StoreError(CmkCheckError):
    """An operation of the store failed."""


class StoreUnavailable(StoreError):
    """The table service does not answer or fails; a pending write may have happened."""


class WriteConflict(StoreError):
    """A row was changed, created or deleted since it was read; nothing was written."""


class RowUnusable(StoreError):
    """A row that a newer version of this program wrote, or that is broken. ``str()`` says which."""


class StoreRefused(StoreError):
    """The table service denies access. ``str()`` says what to grant."""


class LimitExceeded(StoreError):
    """A write that exceeds a limit of the table service; nothing was sent."""


class QueueError(CmkCheckError):
    """A message could not be sent."""


class DeliveryFailed(CmkCheckError):
    """The webhook did not accept the changes. ``str()`` says why, without the URL.

    ``permanent``: these changes can never be delivered, so there is no use in trying again.
    ``retry_after``: the seconds that the receiver asked to wait, if any.
    """

    def __init__(self, message: str, *, permanent: bool, retry_after: float | None = None) -> None:
        self.permanent = permanent
        self.retry_after = retry_after
        super().__init__(message)


class SliceHeld(CmkCheckError):
    """Another worker holds the slice."""


class ClaimLost(CmkCheckError):
    """This worker lost its claim or lease to another."""


class SliceIncomplete(CmkCheckError):
    """The slice could not be finished in this delivery."""


class ApiUnusable(CmkCheckError):
    """The HTTP API of an app gave no answer that can be used. ``str()`` says what to do.

    ``code`` is that of the API's error, empty if there is none.
    """

    def __init__(self, message: str, code: str = "") -> None:
        self.code = code
        super().__init__(message)


class SigningFailed(CmkCheckError):
    """A vault has not signed; ``str()`` says what to do."""
