"""The checks of Azure Resource Manager, the clock, the sign-in and the watch for changes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

import aiohttp
from azure.core.exceptions import HttpResponseError

from cmk_check import limits
from cmk_check.config.settings import StorageByIdentity
from cmk_check.core.enums import GapReason
from cmk_check.core.reasons.connection_sentences import not_connected
from cmk_check.doctor.examined_app import DoctorSubject
from cmk_check.doctor.results import CheckFailed, Mark, MarkedText, NotTried
from cmk_check.inventory import gaps
from cmk_check.inventory.api_versions import get_type_of_action
from cmk_check.inventory.connection_failures import find_unreached_gap, sign_in_gap
from cmk_check.inventory.credential import open_credential
from cmk_check.inventory.http_session import open_session
from cmk_check.inventory.pipeline import AGENT
from cmk_check.inventory.token_claims import describe_ids
from cmk_check.ports import InventoryError

STORAGE_SCOPE: Final = "https://storage.azure.com/.default"
_LIST: Final = "/subscriptions?api-version=2020-01-01"
_SECOND: Final = timedelta(seconds=1)
_MINUTE: Final = timedelta(minutes=1)
# The results that need an action; the first result decides.
_NEEDED_FOR: Final[Mapping[str, Sequence[str]]] = {
    "every scan": (gaps.READ_SUBSCRIPTIONS, gaps.READ_ACCOUNTS),
    "CMK_MANAGEMENT_GROUP": (gaps.READ_GROUP,),
    "the watch for changes": gaps.WATCH_ACTIONS,
    "key health": gaps.KEY_ACTIONS,
    "exceptions": gaps.EXCEPTION_ACTIONS,
}


async def cloud(subject: DoctorSubject) -> Sequence[MarkedText]:
    """Call Azure Resource Manager without a token, which it must refuse, and note its time."""
    url = subject.settings.addresses.arm_url
    try:
        async with (
            open_session(url) as session,
            session.get(
                f"{url}{_LIST}",
                headers={"user-agent": AGENT},
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=limits.DOCTOR_ARM_SECONDS),
            ) as response,
        ):
            status, date = response.status, response.headers.get("date")
    except gaps.TROUBLE as error:
        gap = find_unreached_gap(error, url) or not_connected(url)
        raise CheckFailed(str(gap.detail)) from error
    subject.ahead = _ahead(date, subject.clock.now())
    cloud_name = f"{subject.settings.cloud}: " if subject.settings.other_arm_url is None else ""
    if status != HTTPStatus.UNAUTHORIZED:
        text = (
            f"{cloud_name}{url} returned {status} to a request without a token, but Azure returns "
            "401: try again; if this persists, check whether a proxy answers instead of Azure."
        )
        return [(Mark.WARNING, text)]
    return [(Mark.OK, f"{cloud_name}{url} answers.")]


async def clock(subject: DoctorSubject) -> Sequence[MarkedText]:
    """Compare the clock of this machine with the time in Azure's response."""
    if subject.ahead is None:
        raise NotTried("Azure's response did not contain the time.")
    seconds, most = abs(subject.ahead) // _SECOND, limits.CLOCK_TOLERANCE // _SECOND
    if abs(subject.ahead) <= limits.CLOCK_TOLERANCE:
        return [(Mark.OK, f"This clock differs from Azure's by {seconds} s; {most} s are allowed.")]
    way = "ahead of" if subject.ahead > timedelta() else "behind"
    text = (
        f"This clock is {seconds} s {way} Azure's, and {most} s are allowed: synchronise it with "
        "NTP, because tokens and the age of results depend on it."
    )
    return [(Mark.PROBLEM, text)]


async def credential(subject: DoctorSubject) -> Sequence[MarkedText]:
    """Get a token for Azure Resource Manager, and show the ids of the identity."""
    settings = subject.settings
    scope = settings.addresses.token_scope
    result = await _sign_in(subject, scope, settings.client_id, "AZURE_CLIENT_ID")
    if not settings.managed_identity and subject.of_the_app:
        text = (
            "The checks below use your rights, not those of the deployed app; "
            "GET /api/v1/subscriptions?coverage=gap shows what the app may not read."
        )
        return [result, (Mark.WARNING, text)]
    return [result]


async def storage_credential(subject: DoctorSubject) -> Sequence[MarkedText]:
    """Get a token for Azure Storage, and show the ids of the identity."""
    storage = subject.settings.storage
    if not isinstance(storage, StorageByIdentity):
        # Azurite uses a key; the storage checks report a missing storage.
        return []
    return [await _sign_in(subject, STORAGE_SCOPE, storage.client_id, "CMK_STORAGE__clientId")]


async def watch(subject: DoctorSubject) -> Sequence[MarkedText]:
    """Query the changes of the last few days. Runs only with `CMK_WATCH_SCHEDULE`.

    If Azure lists no changes, look for new accounts: the right to read changes may be missing.
    """
    if subject.settings.watch_schedule is None:
        return []
    try:
        seen, new = await find_changes(subject)
    except InventoryError as error:
        text = f"Azure Resource Graph does not list changes: {error.gap.detail}"
        return [(Mark.PROBLEM, text)]
    period = f"of the last {limits.DOCTOR_CHANGES.days} days"
    if seen:
        return [(Mark.OK, f"Azure Resource Graph lists changes {period}.")]
    if new:
        text = (
            f"Azure Resource Graph lists no change {period}, although {new:,} accounts are newer. "
            f"The watch finds nothing: grant the app's identity {gaps.READ_CHANGES} on the "
            "subscriptions."
        )
        return [(Mark.PROBLEM, text)]
    text = (
        f"Azure Resource Graph lists no change {period}: nothing has changed, or the identity "
        f"lacks {gaps.READ_CHANGES}. Change a tag of an account, and check again after ten minutes."
    )
    return [(Mark.WARNING, text)]


async def find_changes(subject: DoctorSubject) -> tuple[int, int]:
    """Return the number of recent changes and, if there are no changes, the number of new accounts.

    Raises:
        InventoryError: Resource Graph returned no complete response.
    """
    azure, since = await subject.inventory(), subject.clock.now() - limits.DOCTOR_CHANGES
    search = azure.change_search()
    changes = await search.changes(since, vaults=True, seconds=limits.DOCTOR_SAMPLE_SECONDS)
    if changes.gap is not None:
        raise InventoryError(changes.gap)
    seen, new = len(changes.subscriptions) + len(changes.vaults), 0
    if not seen and subject.listed:
        accounts = await azure.account_search().accounts([each.id for each in subject.listed])
        new = sum(each.created_at is not None and each.created_at > since for each in accounts)
    subject.sees_changes = True if seen else False if new else None
    return seen, new


async def actions(subject: DoctorSubject) -> Sequence[MarkedText]:
    """Report actions of the role that are missing, that may be missing, and that were not tried."""
    states_by_action = await states(subject)
    works, total = sum(it == "works" for it in states_by_action.values()), len(gaps.ALL_ACTIONS)
    if not works and "missing" not in states_by_action.values():
        raise NotTried(f"None of the {total} actions of the role was tried; see above.")
    results = [(Mark.OK, f"{works} of {total} actions of the role work.")]
    left = dict(states_by_action)
    untried: list[MarkedText] = []
    for feature, needed in _NEEDED_FOR.items():
        states_of = {action: left.pop(action) for action in needed if action in left}
        for action, state in states_of.items():
            if state == "missing":
                cure = "Grant the app's identity the Reader role, or a role with this action."
                results.append((Mark.PROBLEM, f"Missing for {feature}: {action}. {cure}"))
            elif state != "works" and action in subject.refused:
                text = f"May be missing for {feature}: {action}; a line above says where."
                results.append((Mark.WARNING, text))
        rest = [a for a, it in states_of.items() if it == "not_tried" and a not in subject.refused]
        if rest:
            why = "It is off, no sampled resource needs them, or a line above shows why."
            untried.append((Mark.SKIPPED, f"Not tried for {feature}: {', '.join(rest)}. {why}"))
    return [*results, *untried]


async def states(subject: DoctorSubject) -> Mapping[str, str]:
    """Return "works", "missing" or "not_tried" for each action of the role.

    An action counts as working even if Azure refuses it for some resources, which the checks name.
    Azure returns an empty list to an identity without the right to read subscriptions or changes.
    """
    answers = (await subject.inventory()).api_versions().answers
    states_by_action: dict[str, str] = {}
    for action in gaps.ALL_ACTIONS:
        counts = answers.get(get_type_of_action(action), Counter[GapReason | None]())
        works, refused = counts[None] > 0, counts[GapReason.FORBIDDEN] > 0
        if action == gaps.READ_SUBSCRIPTIONS:
            works, refused = works and bool(subject.listed), works and not subject.listed
        elif action == gaps.READ_CHANGES:
            works, refused = subject.sees_changes is True, subject.sees_changes is False
        states_by_action[action] = "works" if works else "missing" if refused else "not_tried"
    return states_by_action


def _ahead(date: str | None, now: datetime) -> timedelta | None:
    try:
        return None if date is None else now - parsedate_to_datetime(date).astimezone(UTC)
    except ValueError:
        return None


async def _sign_in(
    subject: DoctorSubject, scope: str, client_id: str | None, setting: str
) -> MarkedText:
    settings = subject.settings
    credential = open_credential(settings, client_id)
    try:
        async with credential:
            token = await credential.get_token_info(scope)
    except gaps.TROUBLE as error:
        text = str(sign_in_gap(error).detail)
        if settings.managed_identity:
            status = error.status_code if isinstance(error, HttpResponseError) else None
            text = (
                f"The identity endpoint {f'returned {status}' if status else 'does not respond'}: "
                "assign an identity to the app with `az functionapp identity assign`, set "
                f"{setting} to its client id, from `az identity show --query clientId`, and "
                "restart the app."
            )
        raise CheckFailed(text) from error
    text = f"A token for {scope.removesuffix('/.default')} was issued: {describe_ids(token.token)}"
    left = datetime.fromtimestamp(token.expires_on, UTC) - subject.clock.now()
    if left < _MINUTE:
        return Mark.PROBLEM, f"{text}. It has already expired: synchronise this clock by NTP."
    return Mark.OK, f"{text}; valid for {left // _MINUTE} min."
