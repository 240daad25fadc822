"""The settings of alerts: the webhook or the routes, and which changes they receive."""

from typing import Annotated, Final

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings

from cmk_check.config.routes import ROUTES
from cmk_check.config.setting_values import one_of
from cmk_check.config.webhook import ALERTS, FORMATS, check_secrets, check_types, check_url
from cmk_check.core.route import WEBHOOK, Route

_LOCAL_HOSTS: Final = frozenset({"localhost", "127.0.0.1"})


def is_on_azure(hostname: str | None) -> bool:
    """Tell from the app's own name whether the program runs on Azure."""
    return hostname is not None and hostname.partition(":")[0].lower() not in _LOCAL_HOSTS


class AlertSettings(BaseSettings):
    """What ``Settings`` says of alerts.

    ``alert_on`` holds full type names. ``repr`` hides ``webhook_url``, ``webhook_secrets`` and
    those of the routes.
    """

    # Set by the platform. It comes first, because checks of other settings read it.
    hostname: str | None = Field(None, alias="WEBSITE_HOSTNAME")
    # The URL comes before the secret, because the check of the secret reads the URL.
    webhook_url: str | None = Field(None, alias="CMK_WEBHOOK_URL", repr=False)
    webhook_format: Annotated[str, one_of(*FORMATS)] = Field(
        "cloudevents", alias="CMK_WEBHOOK_FORMAT"
    )
    webhook_secrets: tuple[str, ...] = Field((), alias="CMK_WEBHOOK_SECRET", repr=False)
    alert_on: Annotated[frozenset[str], BeforeValidator(check_types)] = Field(
        ALERTS, alias="CMK_ALERT_ON"
    )
    given_routes: tuple[Route, ...] = Field((), alias=ROUTES)

    @field_validator("webhook_url")
    @classmethod
    def _check_webhook_url(cls, value: str | None, info: ValidationInfo) -> str | None:
        on_azure = is_on_azure(info.data.get("hostname"))
        return None if value is None else check_url(value, on_azure=on_azure)

    @field_validator("webhook_secrets", mode="before")
    @classmethod
    def _check_webhook_secrets(cls, value: str, info: ValidationInfo) -> tuple[str, ...]:
        secrets = check_secrets(value)
        # An invalid URL is absent from the data; it is reported on its own.
        if info.data.get("webhook_url", "") is None:
            raise ValueError("needs CMK_WEBHOOK_URL; set both or remove the secret")
        return secrets

    @property
    def on_azure(self) -> bool:
        """Whether the program runs on Azure."""
        return is_on_azure(self.hostname)

    @property
    def routes(self) -> tuple[Route, ...]:
        """Where alerts go: the routes of CMK_ROUTES, or the webhook as the only one, or none."""
        if self.webhook_url is None:
            return self.given_routes
        return (Route(WEBHOOK, self.webhook_url, self.webhook_format, self.webhook_secrets),)
