"""The subject of the checks: the app's adapters, even if some of the settings are invalid."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Self

from cmk_check.composition_root import App
from cmk_check.config.alert_route_settings import ROUTES
from cmk_check.config.misspelt_settings import is_of_a_route, looks_like_ours
from cmk_check.config.settings import InMemory, Settings, misspelt_and_unknown
from cmk_check.config.settings_error import SettingsError
from cmk_check.doctor.results import NotTried
from cmk_check.limits import DOCTOR_READING_SECONDS, DOCTOR_SAMPLED
from cmk_check.ports import QueueService, Store

if TYPE_CHECKING:
    from datetime import timedelta

    from cmk_check.core.account import Account, Subscription
    from cmk_check.core.keys.facts import KeyFacts
    from cmk_check.core.resource_id import AccountId

_STAND_IN: Final = {"CMK_STORAGE": "UseDevelopmentStorage=true"}
# The platform replaces such a reference with the secret:
# https://learn.microsoft.com/azure/app-service/app-service-key-vault-references
_REFERENCE: Final = "@Microsoft.KeyVault("
# A substitute, so that the rest of a route can be checked; nothing is posted to it.
_URL_IN_A_VAULT: Final = "https://receiver.invalid"
# Settings other than CMK_*; only the platform may set the last variable, so it is a fault as a
# setting.
_OTHERS: Final = frozenset({"AZURE_CLIENT_ID", "WEBSITE_AUTH_ENABLED"})
_URL, _SECRET = "CMK_WEBHOOK_URL", "CMK_WEBHOOK_SECRET"

type Faults = tuple[tuple[str, str], ...]


class DoctorSubject(App):
    """An app whose adapters can be checked one by one.

    ``environ`` contains the variables, ``faults`` their faults, and ``references`` the variables
    whose values are in a vault. Other attributes store results for later checks: ``listed``, the
    subscriptions that Azure lists; ``sampled``, a few accounts whose keys to check, by the address
    of the vault; ``violating``, the non-compliant accounts of a few subscriptions, by subscription
    id; ``key_facts``, the facts about the sampled keys; ``sees_changes``, whether Resource Graph
    lists changes, or None if unknown; ``refused``, the actions that gaps of keys name; ``ahead``,
    how far this machine's clock is ahead of Azure's, or None if unknown.
    """

    reading_seconds: float = DOCTOR_READING_SECONDS
    most: int = DOCTOR_SAMPLED

    def __init__(self, settings: Settings, environ: Mapping[str, str], faults: Faults = ()) -> None:
        super().__init__(settings)
        self.environ = environ
        self.faults = faults
        self.references = _references(environ)
        self.sampled: dict[str, Account] = {}
        self.violating: dict[str, Sequence[AccountId]] = {}
        self.key_facts: Sequence[KeyFacts] = ()
        self.sees_changes: bool | None = None
        self.refused: set[str] = set()
        self.listed: tuple[Subscription, ...] = ()
        self.ahead: timedelta | None = None

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Self:
        """Build the subject from those settings in an environment that are valid."""
        return cls(*_read_around_faults(environ))

    @property
    def of_the_app(self) -> bool:
        """Whether the settings are those of a deployed app and not of a laptop."""
        return not isinstance(self.settings.storage, InMemory)

    @property
    def unusable(self) -> list[str]:
        """The settings whose value is invalid or in a vault, or whose name is misspelt."""
        misspelt, _ = misspelt_and_unknown(self.environ)
        return [*self.references, *(misspelt.get(name, name) for name, _ in self.faults)]

    async def storage(self) -> tuple[Store, QueueService]:
        """Return tables and queues.

        Raises:
            NotTried: the settings name no storage.
        """
        if not self.of_the_app:
            raise NotTried("No storage is set (CMK_STORAGE); only the deployed app needs one.")
        return await self._storage()


def laid_over(environ: Mapping[str, str], text: str) -> dict[str, str]:
    """Return the environment with the app's settings in place of the environment's own settings.

    ``text`` is the output of ``az functionapp config appsettings list``, or
    ``local.settings.json``.

    Raises:
        ValueError: the text has neither format; the error's text explains the expected format.
    """
    try:
        document = json.loads(text)
        if isinstance(document, dict):
            document = [{"name": name, "value": it} for name, it in document["Values"].items()]
        # A missing value is null.
        listed = {str(entry["name"]): str(entry["value"] or "").strip() for entry in document}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(
            "must be a list of settings: the output of `az functionapp config appsettings list "
            "--output json`, or a local.settings.json"
        ) from error
    own = {name: value for name, value in environ.items() if not _is_of_the_app(name)}
    return own | {name: it for name, it in listed.items() if _is_of_the_app(name) and it}


def _is_of_the_app(name: str) -> bool:
    return looks_like_ours(name) or name in _OTHERS


def _read_around_faults(environ: Mapping[str, str]) -> tuple[Settings, Mapping[str, str], Faults]:
    """Read the settings without the invalid ones, so that valid settings can be checked."""
    faults: Faults = ()
    unknown = _references(environ)
    of_routes = frozenset(filter(is_of_a_route, unknown))
    urls = {name for name in of_routes if not name.endswith("_SECRET")}
    variables = {name: value for name, value in environ.items() if name not in of_routes}
    # The secret is valid only together with its URL.
    unread = unknown - of_routes | ({_SECRET} if _URL in unknown else set())
    sound = _omit_faulty(variables | dict.fromkeys(urls, _URL_IN_A_VAULT), unread)
    while True:
        try:
            return _read(sound), environ, faults
        except SettingsError as error:
            # Keep only the first faults: dropping an invalid setting can make another setting
            # invalid, such as a secret without its URL.
            faults = faults or error.faults
            sound = _omit_faulty(sound, {name for name, _ in error.faults})


def _references(environ: Mapping[str, str]) -> frozenset[str]:
    return frozenset(
        name
        for name, value in environ.items()
        if value.startswith(_REFERENCE) and name.startswith(("CMK_", "AZURE_CLIENT_ID"))
    )


def _read(environ: Mapping[str, str]) -> Settings:
    # The deployed app needs a storage account; the command line does not.
    if any(map(_is_of_storage, environ)) or "WEBSITE_HOSTNAME" in environ:
        return Settings.load(environ)
    return Settings.load_for_scan(environ=environ)


def _omit_faulty(environ: Mapping[str, str], faulty: Collection[str]) -> dict[str, str]:
    if any(map(_is_of_routes, faulty)):
        # The routes are valid only together with their URLs.
        faulty = {*faulty, *filter(_is_of_routes, environ)}
    sound = {name: value for name, value in environ.items() if name not in faulty}
    if not any(map(_is_of_storage, faulty)):
        return sound
    # The storage variables are valid only together; the substitute is never used.
    return {name: value for name, value in sound.items() if not _is_of_storage(name)} | _STAND_IN


def _is_of_storage(name: str) -> bool:
    return name.startswith("CMK_STORAGE")


def _is_of_routes(name: str) -> bool:
    return name == ROUTES or is_of_a_route(name)
