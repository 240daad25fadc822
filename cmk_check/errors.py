"""Every error that this program raises, in one tree.

CmkCheckError
├── SettingsError          the environment does not make a valid configuration; names every fault
├── InventoryError         Azure could not be read; carries the gap it becomes
├── StoreError
│   ├── StoreUnavailable   the table service does not answer; a write may have happened
│   ├── WriteConflict      somebody else wrote first; read again
│   ├── RowUnusable        a row that a newer version wrote, or that is broken
│   ├── StoreRefused       the table service will not let us: identity, role or network
│   └── LimitExceeded      a write that the real table service would refuse
├── QueueError             a message could not be sent
├── DeliveryFailed         the webhook did not take changes; permanent or worth another try
├── SliceHeld              another worker has the slice; deliver the message again later
├── ClaimLost              this worker's claim or lease passed to another; stop without writing
└── SliceIncomplete        a slice is not done yet; deliver the message again
"""

from collections.abc import Sequence

from cmk_check.core.model import Gap


class CmkCheckError(Exception):
    """The root of the tree."""


class SettingsError(CmkCheckError):
    """The settings are not valid.

    ``faults`` names every one: (setting, what is wrong and what to do).
    """

    def __init__(self, faults: Sequence[tuple[str, str]]) -> None:
        """Keep all faults, so that one round of mending is enough."""
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{name}: {fault}" for name, fault in self.faults))


class InventoryError(CmkCheckError):
    """Azure could not be read. ``gap`` is what a person sees of it."""

    def __init__(self, gap: Gap) -> None:
        """Keep the gap."""
        self.gap = gap
        super().__init__(f"{gap.reason}: {gap.detail}")


class StoreError(CmkCheckError):
    """The store could not do what was asked."""


class StoreUnavailable(StoreError):
    """The table service does not answer or cannot serve; a write under way may have happened."""


class WriteConflict(StoreError):
    """A row changed, appeared or vanished since it was read: nothing was written."""


class RowUnusable(StoreError):
    """A row that a newer version of this program wrote, or that is broken. ``str()`` says which."""


class StoreRefused(StoreError):
    """The table service refuses this identity. ``str()`` says what to grant."""


class LimitExceeded(StoreError):
    """A write that the real table service would refuse. Nothing was sent."""


class QueueError(CmkCheckError):
    """A message could not be sent."""


class DeliveryFailed(CmkCheckError):
    """The webhook did not take the changes. ``str()`` says why, without the URL.

    ``permanent`` when the same changes can never be delivered, so that another try is idle;
    ``retry_after`` is the seconds for which the receiver asked to be left alone, if it did.
    """

    def __init__(self, message: str, *, permanent: bool, retry_after: float | None = None) -> None:
        """Keep what the sender decides by."""
        self.permanent = permanent
        self.retry_after = retry_after
        super().__init__(message)


class SliceHeld(CmkCheckError):
    """Another worker holds the slice."""


class ClaimLost(CmkCheckError):
    """The claim or the lease has passed to somebody else."""


class SliceIncomplete(CmkCheckError):
    """The slice could not be finished in this delivery."""
