"""Read and check the settings of a command that scans or judges, and warn of mistakes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cmk_check.cli.exit_codes import complain
from cmk_check.core.enums import Disposition
from cmk_check.core.scope import Scope

if TYPE_CHECKING:
    from cmk_check.config.settings import Settings


def load_settings(store: str | None, only: Sequence[str]) -> "Settings":
    """Return the settings of a scan of these subscriptions, or of all subscriptions.

    Raises:
        SettingsError: a setting is invalid, or leaves out one of the subscriptions.
    """
    from cmk_check.config.settings import Settings
    from cmk_check.config.settings_error import SettingsError

    settings = Settings.load_for_scan(store, only if store is None else ())
    scope = Scope(settings.include, settings.exclude)
    left_out = [name for name in only if scope.judge_unlisted(name, None) is Disposition.EXCLUDED]
    if left_out:
        # The subscription would not be read, and the result could still be compliant.
        lists = "CMK_EXCLUDE_SUBSCRIPTIONS or CMK_INCLUDE_SUBSCRIPTIONS"
        why = f"must not name {', '.join(sorted(left_out))}, which {lists} leaves out"
        raise SettingsError([("--subscription", why)])
    return settings


def warn_of_settings() -> None:
    """Print on standard error which settings are probably mistakes."""
    from cmk_check.config.settings import setting_warnings

    for name, text in setting_warnings().items():
        complain(f"{name} {text}")
