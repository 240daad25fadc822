"""Checks of the settings, the schedule and the webhook."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from cmk_check.alerts.webhook import open_webhook
from cmk_check.config.settings import Settings
from cmk_check.doctor.ncrontab import longest_pause
from cmk_check.doctor.results import CheckFailed, Mark, MarkedText, NotTried
from cmk_check.doctor.subject import DoctorSubject
from cmk_check.errors import DeliveryFailed

SCHEDULE: Final = "CMK_SCAN_SCHEDULE"
_HOURLY: Final = "0 0 * * * *"
_TIME_SPAN: Final = re.compile(r"-?(\d+\.)?\d{1,2}:\d{2}(:\d{2})?(\.\d+)?")
_IN_A_VAULT: Final = (
    "is a Key Vault reference, which only the platform can resolve, so the checks that need it are "
    "skipped; see Environment variables in the portal for its state."
)
_MINUTE: Final = timedelta(minutes=1)


async def settings(subject: DoctorSubject) -> Sequence[MarkedText]:
    """Report every fault of the settings."""
    results: list[MarkedText] = [
        (Mark.PROBLEM, f"{name} {fault}.") for name, fault in subject.faults
    ]
    ours = sorted(name for name in subject.environ if name.startswith("CMK_"))
    results += [(Mark.WARNING, f"{name} {_IN_A_VAULT}") for name in sorted(subject.references)]
    results += [
        (Mark.WARNING, f"{name} is unknown to this program; see docs/settings.md, or remove it.")
        for name in ours
        if not _is_known(name)
    ]
    if results:
        return results
    return [(Mark.OK, f"{len(ours)} set, all valid." if ours else "None set; defaults are used.")]


async def schedule(subject: DoctorSubject) -> Sequence[MarkedText]:
    """Read the schedule as the Functions host does, and compare it with the allowed age."""
    text = subject.environ.get(SCHEDULE, "")
    if not text:
        if not subject.of_the_app:
            raise NotTried(f"{SCHEDULE} is not set; only the deployed app needs it.")
        cure = f"write {_HOURLY} for every hour; without it the app never starts a scan"
        return [(Mark.PROBLEM, f"{SCHEDULE} must be set: {cure}.")]
    if _TIME_SPAN.fullmatch(text):
        cure = f"write an NCRONTAB expression, such as {_HOURLY} for every hour"
        return [
            (Mark.WARNING, f"{SCHEDULE} is a time span, which only App Service plans take: {cure}.")
        ]
    try:
        pause = longest_pause(text)
    except ValueError:
        cure = f"write six fields, seconds first, such as {_HOURLY} for every hour"
        return [
            (
                Mark.PROBLEM,
                f"{SCHEDULE} must be an NCRONTAB expression that occurs: {cure}.",
            )
        ]
    return [_against_age(pause, subject.settings.max_age)]


async def webhook(subject: DoctorSubject) -> Sequence[MarkedText]:
    """Connect to the webhook as the app does, without posting anything."""
    receiver = open_webhook(subject.settings)
    if receiver is None:
        raise NotTried("CMK_WEBHOOK_URL is not set, so no alerts are posted.")
    try:
        status = await receiver.reach()
    except DeliveryFailed as error:
        raise CheckFailed(str(error)) from None
    finally:
        await receiver.close()
    text = f"{receiver.host} can be reached; it answered {status} to a request without an alert."
    return [(Mark.OK, f"{text} `cmk-check send-test-alert` sends a test alert.")]


def _is_known(name: str) -> bool:
    known = {field.alias for field in Settings.model_fields.values()} | {SCHEDULE}
    return name in known or name.startswith("CMK_STORAGE__")


def _against_age(pause: timedelta, most: timedelta) -> MarkedText:
    minutes, allowed = f"{pause / _MINUTE:.4g}", most // _MINUTE
    text = f"Scans start at most {minutes} min apart, and results are fresh for {allowed} min"
    if most > pause:
        return Mark.OK, f"{text}."
    cure = (
        "raise CMK_MAX_AGE_MINUTES above that interval plus the duration of a scan, or scan more "
        "often; otherwise the posture becomes unknown before each scan"
    )
    return Mark.WARNING, f"{text}: {cure}."
