"""The settings: everything that the environment may say to this program, checked in one go.

Each check answers with a sentence that says what is wrong and what to do. None repeats the value:
what somebody pastes into the wrong variable may be a secret.
"""

import os
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Final, Self

from pydantic import BeforeValidator, Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from cmk_check.config.clouds import CLOUDS, Cloud
from cmk_check.config.http_auth import HttpAuth
from cmk_check.config.storage import (
    ConnectionString,
    Fault,
    InMemory,
    Storage,
    StorageByIdentity,
    named_storage,
    read_storage,
)
from cmk_check.config.values import (
    is_true,
    number,
    one_of,
    read_client_id,
    read_ids,
    read_kinds,
    read_names,
    switch,
    whole,
)
from cmk_check.config.webhook import ALERTS, FORMATS, UNSET, check_secrets, check_types, check_url
from cmk_check.errors import SettingsError

__all__ = [
    "CLOUDS",
    "Cloud",
    "ConnectionString",
    "InMemory",
    "Settings",
    "Storage",
    "StorageByIdentity",
    "environment",
]


_HERE: Final = frozenset({"localhost", "127.0.0.1"})
_ORIGIN: Final = re.compile(r"https://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?", re.IGNORECASE)


def environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what has a value, of the process's environment unless another is given."""
    return {
        name: text
        for name, value in (os.environ if environ is None else environ).items()
        if (text := value.strip())
    }


def _is_here(hostname: str | None) -> bool:
    return hostname is None or hostname.partition(":")[0].lower() in _HERE


class Settings(BaseSettings):
    """What the program was told.

    ``kinds`` are spelled as given, ids and tags lower-cased; ``include`` empty means every
    subscription. Times are in seconds, but ``max_age`` and ``retention`` are timedeltas.
    ``webhook_url`` and ``webhook_secrets`` stay out of every repr; ``alert_on`` holds full types.
    """

    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",
        case_sensitive=True,
        enable_decoding=False,
        validate_default=False,
        hide_input_in_errors=True,
    )

    # The platform's own three; the first stands before CMK_ARM_URL, whose check looks at it.
    hostname: str | None = Field(None, alias="WEBSITE_HOSTNAME")
    easy_auth: Annotated[bool, BeforeValidator(is_true)] = Field(
        default=False, alias="WEBSITE_AUTH_ENABLED"
    )
    identity_endpoint: str | None = Field(None, alias="IDENTITY_ENDPOINT", repr=False)
    storage: Storage = Field(alias="CMK_STORAGE")
    client_id: Annotated[str | None, BeforeValidator(read_client_id)] = Field(
        None, alias="AZURE_CLIENT_ID"
    )
    cloud: Annotated[str, one_of(*CLOUDS)] = Field("public", alias="CMK_CLOUD")
    other_arm_url: str | None = Field(None, alias="CMK_ARM_URL")
    kinds: Annotated[tuple[str, ...], BeforeValidator(read_kinds)] = Field(
        ("OpenAI", "AIServices"), alias="CMK_KINDS"
    )
    include: Annotated[frozenset[str], BeforeValidator(read_ids)] = Field(
        frozenset(), alias="CMK_INCLUDE_SUBSCRIPTIONS"
    )
    exclude: Annotated[frozenset[str], BeforeValidator(read_ids)] = Field(
        frozenset(), alias="CMK_EXCLUDE_SUBSCRIPTIONS"
    )
    expect: Annotated[int, whole(1, 1_000_000)] = Field(1, alias="CMK_EXPECT_SUBSCRIPTIONS")
    tags: Annotated[frozenset[str], BeforeValidator(read_names)] = Field(
        frozenset({"owner", "team", "application", "environment", "costcenter"}), alias="CMK_TAGS"
    )
    max_age_minutes: Annotated[int, whole(1, 525_600)] = Field(180, alias="CMK_MAX_AGE_MINUTES")
    max_in_flight: Annotated[int, whole(1, 100)] = Field(32, alias="CMK_MAX_IN_FLIGHT")
    slice_size: Annotated[int, whole(1, 500)] = Field(400, alias="CMK_SLICE_SIZE")
    # A slice has ten minutes for all of its subscriptions.
    subscription_timeout: Annotated[float, number(1, 240)] = Field(
        120, alias="CMK_SUBSCRIPTION_TIMEOUT_SECONDS"
    )
    retry_after_max: Annotated[float, number(0, 240)] = Field(
        60, alias="CMK_RETRY_AFTER_MAX_SECONDS"
    )
    http_auth: Annotated[HttpAuth, one_of("keys", "entra")] = Field("keys", alias="CMK_HTTP_AUTH")
    changes_queue: Annotated[bool, BeforeValidator(switch)] = Field(
        default=False, alias="CMK_CHANGES_QUEUE"
    )
    retention_days: Annotated[int, whole(1, 3650)] = Field(400, alias="CMK_RETENTION_DAYS")
    # The secret stands behind the URL, at which its check looks.
    webhook_url: str | None = Field(None, alias="CMK_WEBHOOK_URL", repr=False)
    webhook_format: Annotated[str, one_of(*FORMATS)] = Field(
        "cloudevents", alias="CMK_WEBHOOK_FORMAT"
    )
    webhook_secrets: tuple[str, ...] = Field((), alias="CMK_WEBHOOK_SECRET", repr=False)
    alert_on: Annotated[frozenset[str], BeforeValidator(check_types)] = Field(
        ALERTS, alias="CMK_ALERT_ON"
    )

    key_health: Annotated[bool, BeforeValidator(switch)] = Field(
        default=True, alias="CMK_KEY_HEALTH"
    )
    # It stands behind the one above, at which its check looks.
    require_healthy_keys: Annotated[bool, BeforeValidator(switch)] = Field(
        default=False, alias="CMK_REQUIRE_HEALTHY_KEYS"
    )

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None, *, for_webhook: bool = False) -> Self:
        """Read the settings, from the process's environment unless another is given.

        ``for_webhook`` alone the webhook is needed and no storage: ``storage`` is then one that
        nobody can open.

        Raises:
            SettingsError: naming every fault at once, by variable.

        """
        given = environment(environ)
        storage, faults = read_storage(given)
        if for_webhook:
            faults = [] if "CMK_WEBHOOK_URL" in given else [("CMK_WEBHOOK_URL", UNSET)]
        return cls._checked(given, storage, faults)

    @classmethod
    def load_for_scan(
        cls,
        store: str | None = None,
        subscriptions: Sequence[str] = (),
        environ: Mapping[str, str] | None = None,
    ) -> Self:
        """Read the settings of a scan that a person starts; see ``load``.

        ``store`` names the storage as ``storage_settings.named_storage`` takes it. Without it all
        stays in memory, whatever the environment names: a try on a laptop must not write into the
        app's tables. ``subscriptions``, if there are any, are all that is read.
        """
        given = environment(environ)
        storage: Storage | None = InMemory()
        faults: list[Fault] = []
        if store is not None:
            storage, faults = named_storage(store, given)
        if subscriptions:
            given["CMK_INCLUDE_SUBSCRIPTIONS"] = ",".join(subscriptions)
        return cls._checked(given, storage, faults)

    @classmethod
    def _checked(
        cls, given: Mapping[str, str], storage: Storage | None, faults: list[Fault]
    ) -> Self:
        source = EnvSettingsSource(cls)
        source.env_vars = given
        try:
            # Where one is missing, the faults say so: anything may stand in its place.
            settings = cls(**{**source(), "CMK_STORAGE": storage or ConnectionString("")})
        except ValidationError as error:
            faults += [_fault(detail) for detail in error.errors(include_url=False)]
        if faults:
            raise SettingsError(faults)
        return settings

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is pydantic's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what ``load`` gives and nothing behind its back."""
        return (init_settings,)

    @field_validator("other_arm_url")
    @classmethod
    def _is_an_origin_off_azure(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None:
            return None
        if not _is_here(info.data.get("hostname")):
            raise ValueError("is set on Azure, where CMK_CLOUD alone says whom to ask; remove it")
        origin = value.removesuffix("/").lower()
        if not _ORIGIN.fullmatch(origin):
            raise ValueError("is no https origin; write https://host:port and nothing behind it")
        return origin

    @field_validator("webhook_url")
    @classmethod
    def _is_a_receiver(cls, value: str | None, info: ValidationInfo) -> str | None:
        on_azure = not _is_here(info.data.get("hostname"))
        return None if value is None else check_url(value, on_azure=on_azure)

    @field_validator("webhook_secrets", mode="before")
    @classmethod
    def _signs_for_a_receiver(cls, value: str, info: ValidationInfo) -> tuple[str, ...]:
        secrets = check_secrets(value)
        # A URL that is faulty is not among the data, and has said so itself.
        if info.data.get("webhook_url", "") is None:
            raise ValueError("is set without CMK_WEBHOOK_URL; set that as well, or remove it")
        return secrets

    @field_validator("require_healthy_keys")
    @classmethod
    def _looks_at_keys(cls, value: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - pydantic's
        if value and info.data.get("key_health") is False:
            raise ValueError(
                "is on while CMK_KEY_HEALTH is off, so that no key is looked at; switch that on, "
                "or this off"
            )
        return value

    @property
    def arm_url(self) -> str:
        """The origin of Azure Resource Manager, without a trailing slash."""
        return self.other_arm_url or CLOUDS[self.cloud].arm_url

    @property
    def token_scope(self) -> str:
        """What a token for Azure Resource Manager is asked for."""
        if self.other_arm_url:
            return f"{self.other_arm_url}/.default"
        return CLOUDS[self.cloud].token_scope

    @property
    def authority_host(self) -> str:
        """The host that signs people in."""
        return CLOUDS[self.cloud].authority_host

    @property
    def max_age(self) -> timedelta:
        """How old the last finished scan may be, from its start."""
        return timedelta(minutes=self.max_age_minutes)

    @property
    def retention(self) -> timedelta:
        """How long changes and scans are kept."""
        return timedelta(days=self.retention_days)

    @property
    def portal_url(self) -> str:
        """The origin of Azure's portal."""
        return CLOUDS[self.cloud].portal_url

    @property
    def on_azure(self) -> bool:
        """Whether the platform is Azure itself."""
        return not _is_here(self.hostname)

    @property
    def managed_identity(self) -> bool:
        """Whether a managed identity is there to sign in with."""
        return self.on_azure or self.identity_endpoint is not None


def _fault(detail: ErrorDetails) -> tuple[str, str]:
    return str(detail["loc"][0]), detail["msg"].removeprefix("Value error, ")
