"""What is examined: the app's own adapters over settings that may be partly wrong."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Final, Self

from cmk_check.app import App, Lazy
from cmk_check.config.settings import InMemory, Settings
from cmk_check.doctor.results import NotTried
from cmk_check.errors import SettingsError
from cmk_check.inventory.azure_inventory import open_inventory
from cmk_check.limits import DOCTOR_READING_SECONDS

if TYPE_CHECKING:
    from datetime import timedelta

    from cmk_check.core.model import Account, Subscription
    from cmk_check.inventory.azure_inventory import AzureInventory
    from cmk_check.ports import Inventory, KeyInventory, QueueService, Store

_STAND_IN: Final = {"CMK_STORAGE": "UseDevelopmentStorage=true"}
_NO_STORAGE: Final = "No storage is set (CMK_STORAGE), which only the deployed app needs."

# The platform puts the secret in its place, where it can:
# https://learn.microsoft.com/azure/app-service/app-service-key-vault-references
_REFERENCE: Final = "@Microsoft.KeyVault("
_URL, _SECRET = "CMK_WEBHOOK_URL", "CMK_WEBHOOK_SECRET"

type Faults = tuple[tuple[str, str], ...]


class DoctorSubject(App):
    """The app, each part to be tried apart from the others.

    ``environ`` is what the settings were read from, ``faults`` what is wrong with it, and
    ``references`` are the variables whose values are in a vault. A check leaves here what others
    go on with: ``listed``, the subscriptions that Azure lists; ``sampled``, a few accounts whose
    keys are to be tried, by the address of the vault; ``ahead``, how far the clock here is ahead of
    Azure's, None where it did not say.
    """

    reading_seconds: float = DOCTOR_READING_SECONDS

    def __init__(self, settings: Settings, environ: Mapping[str, str], faults: Faults = ()) -> None:
        super().__init__(settings)
        self.environ = environ
        self.faults = faults
        self.references = _references(environ)
        self._azure = Lazy(self._open_azure)
        self.inventory = Lazy(self._build_inventory)
        self.keys = Lazy(self._build_keys)
        self.sampled: dict[str, Account] = {}
        self.listed: tuple[Subscription, ...] = ()
        self.ahead: timedelta | None = None

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Self:
        """Lay out what an environment describes, as far as it is valid."""
        return cls(*_read_around_faults(environ))

    @property
    def of_the_app(self) -> bool:
        """Whether the settings are those of a deployed app, not of a laptop alone."""
        return not isinstance(self.settings.storage, InMemory)

    async def storage(self) -> "tuple[Store, QueueService]":
        """Return tables and queues.

        Raises:
            NotTried: none are set.

        """
        if not self.of_the_app:
            raise NotTried(_NO_STORAGE)
        return await self._storage()

    async def _build_inventory(self) -> "Inventory":
        return await self._azure()

    async def _build_keys(self) -> "KeyInventory":
        return (await self._azure()).keys()

    async def _open_azure(self) -> "AzureInventory":
        inventory = await open_inventory(self.settings)
        self._opened.push_async_callback(inventory.close)
        return inventory


def _read_around_faults(environ: Mapping[str, str]) -> tuple[Settings, Mapping[str, str], Faults]:
    """Read the settings without those that are faulty, so that the others can be tried."""
    faults: Faults = ()
    unknown = _references(environ)
    # Without its URL the secret would be a fault.
    sound = _without(environ, unknown | ({_SECRET} if _URL in unknown else set()))
    while True:
        try:
            return _read(sound), environ, faults
        except SettingsError as error:
            # Without one, another may lose its sense, which is no fault of its own: a secret
            # without its URL.
            faults = faults or error.faults
            sound = _without(sound, {name for name, _ in error.faults})


def _references(environ: Mapping[str, str]) -> frozenset[str]:
    return frozenset(
        name
        for name, value in environ.items()
        if value.startswith(_REFERENCE) and name.startswith(("CMK_", "AZURE_CLIENT_ID"))
    )


def _read(environ: Mapping[str, str]) -> Settings:
    # Off Azure the command line does without; the app itself needs one.
    if any(map(_is_of_storage, environ)) or "WEBSITE_HOSTNAME" in environ:
        return Settings.load(environ)
    return Settings.load_for_scan(environ=environ)


def _without(environ: Mapping[str, str], faulty: Collection[str]) -> dict[str, str]:
    sound = {name: value for name, value in environ.items() if name not in faulty}
    if not any(map(_is_of_storage, faulty)):
        return sound
    # Its variables make sense together alone; what stands in for them is never tried.
    return {name: value for name, value in sound.items() if not _is_of_storage(name)} | _STAND_IN


def _is_of_storage(name: str) -> bool:
    return name.startswith("CMK_STORAGE")
