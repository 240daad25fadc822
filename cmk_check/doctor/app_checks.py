"""The checks of the settings, the schedule, the webhook and the action group."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from cmk_check.alerts.webhook import HttpWebhook, open_webhook
from cmk_check.config.ncrontab import longest_pause
from cmk_check.config.settings import HOURLY, NO_RECEIVERS, setting_warnings
from cmk_check.core.alert_routes import WEBHOOK
from cmk_check.doctor.examined_app import DoctorSubject
from cmk_check.doctor.results import Mark, MarkedText, NotTried
from cmk_check.ports import DeliveryFailed
from cmk_check.scan.second_clock import get_longest_pause

_AUTH: Final = "WEBSITE_AUTH_ENABLED"
_IN_A_VAULT: Final = (
    "is a Key Vault reference, which only the platform can resolve. Checks that need it are "
    "skipped; the portal shows its state under Environment variables."
)
_MINUTE: Final = timedelta(minutes=1)


async def settings(subject: DoctorSubject) -> Sequence[MarkedText]:
    """Report every fault in the settings, and `CMK_` names that are not settings.

    With `CMK_HTTP_AUTH=entra`, also check the variable on which the sign-in depends.
    """
    results: list[MarkedText] = [(Mark.PROBLEM, f"{name} {why}.") for name, why in subject.faults]
    ours = sorted(name for name in subject.environ if name.startswith("CMK_"))
    if (sign_in := _sign_in(subject)) is not None:
        results.append(sign_in)
    results += [(Mark.WARNING, f"{name} {_IN_A_VAULT}") for name in sorted(subject.references)]
    faulty, warnings = dict(subject.faults), setting_warnings(subject.environ)
    results += [
        (Mark.WARNING, f"{name} {text}") for name, text in warnings.items() if name not in faulty
    ]
    if results:
        return results
    return [(Mark.OK, f"{len(ours)} set, all valid." if ours else "None set; defaults are used.")]


async def schedule(subject: DoctorSubject) -> Sequence[MarkedText]:
    """Read the schedule as the Functions host does, and compare it with the maximum age.

    A scan must start before the [second clock](operations.md#a-timer-that-has-stopped) starts one.
    """
    text, most = subject.settings.scan_schedule, subject.settings.max_age
    if text is None:
        if not subject.of_the_app:
            raise NotTried("CMK_SCAN_SCHEDULE is not set; only the deployed app needs it.")
        cure = f"write {HOURLY}; otherwise no scan is ever started"
        return [(Mark.PROBLEM, f"CMK_SCAN_SCHEDULE must be set: {cure}.")]
    pause, allowed = longest_pause(text), most // _MINUTE
    sentence = (
        f"Scans start at most {pause / _MINUTE:.4g} min apart, and results stay fresh for "
        f"{allowed} min"
    )
    if pause < (after := get_longest_pause(most)):
        return [(Mark.OK, f"{sentence}.")]
    cure = (
        "raise CMK_MAX_AGE_MINUTES above that interval plus the duration of a scan, or scan more "
        f"often. Otherwise the second clock starts a scan after {after // _MINUTE} min, as if the "
        f"timer had stopped, and the posture becomes unknown after {allowed} min"
    )
    return [(Mark.WARNING, f"{sentence}: {cure}.")]


async def webhook(subject: DoctorSubject) -> Sequence[MarkedText]:
    """Connect to the receiver of each route as the app does.

    Neither an alert nor the URL's path is sent; `send-test-alert` sends both.
    """
    settings = subject.settings
    if not settings.routes:
        raise NotTried("CMK_WEBHOOK_URL is not set, so no alerts are posted.")
    receivers = [open_webhook(route, settings) for route in settings.routes]
    return await asyncio.gather(*map(_reach, receivers))


async def action_group(subject: DoctorSubject) -> Sequence[MarkedText]:
    """Report an action group to which the deployment gave no receiver.

    Receivers that somebody added by hand are ignored, and the next deployment removes them.
    """
    if subject.settings.action_group != NO_RECEIVERS:
        return []
    text = (
        "The deployment gave the action group of the alert rules no receiver, so no alert is "
        "mailed: set alertEmails or existingActionGroupId, and deploy the template again."
    )
    if not subject.settings.routes:
        text = f"{text} No webhook is set either: nobody is told of a violation."
    return [(Mark.WARNING, text)]


async def _reach(receiver: HttpWebhook) -> MarkedText:
    try:
        status = await receiver.reach()
    except DeliveryFailed as error:
        return Mark.PROBLEM, str(error)
    finally:
        await receiver.close()
    is_one_of_several = receiver.route.name != WEBHOOK
    option = f" --route {receiver.route.name}" if is_one_of_several else ""
    return Mark.OK, (
        f"{receiver.host} is reachable; it returned {status} to a request without an alert. "
        f"`cmk-check send-test-alert{option}` sends a test alert."
    )


def _sign_in(subject: DoctorSubject) -> MarkedText | None:
    """Check the platform's variable on which the sign-in with Entra ID depends."""
    settings = subject.settings
    if not settings.on_azure and _AUTH in subject.environ:
        return Mark.PROBLEM, (
            f"{_AUTH} must be removed from the settings, because only the platform may set it: as "
            "a setting it hides whether App Service Authentication is on, and if it is off, anyone "
            "can forge a sign-in."
        )
    if settings.http_auth == "keys" or settings.easy_auth:
        return None
    if settings.on_azure:
        return Mark.PROBLEM, (
            f"CMK_HTTP_AUTH is entra, but the platform does not set {_AUTH} to True: turn on App "
            "Service Authentication, or set CMK_HTTP_AUTH to keys; until then all calls fail."
        )
    return Mark.WARNING, (
        f"CMK_HTTP_AUTH is entra: the app admits callers only while the platform sets {_AUTH} to "
        "True, which only the app can see; sign in once, and see docs/settings.md if the "
        "response is 503 SignInNotConfigured."
    )
