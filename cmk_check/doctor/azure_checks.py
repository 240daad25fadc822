"""Azure Resource Manager: is it there, what time is it there, and who are we to it."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

import aiohttp
from azure.core.credentials import AccessTokenInfo
from azure.core.exceptions import HttpResponseError

from cmk_check.config.settings import StorageByIdentity
from cmk_check.doctor.results import CheckFailed, Mark, MarkedText, NotTried
from cmk_check.doctor.subject import DoctorSubject
from cmk_check.doctor.token_claims import Bearer
from cmk_check.inventory.credential import own_credential
from cmk_check.inventory.gaps import TROUBLE
from cmk_check.inventory.pipeline import AGENT
from cmk_check.inventory.session import open_session
from cmk_check.limits import CLOCK_TOLERANCE, DOCTOR_ARM_SECONDS

STORAGE_SCOPE: Final = "https://storage.azure.com/.default"
_LIST: Final = "/subscriptions?api-version=2020-01-01"
# The first that fits: later ones are wider.
_UNREACHED: Final[Sequence[tuple[type[Exception], str]]] = (
    (
        TimeoutError,
        f"does not answer within {DOCTOR_ARM_SECONDS} s: check firewalls between here and there.",
    ),
    (
        aiohttp.ClientConnectorCertificateError,
        (
            "shows a certificate that nobody known here signed: if a proxy looks into TLS, name "
            "the file of its certificate authority in SSL_CERT_FILE."
        ),
    ),
    (
        aiohttp.ClientConnectorDNSError,
        "is a name that cannot be resolved: check DNS and the connection to the internet here.",
    ),
    (
        aiohttp.ClientProxyConnectionError,
        "cannot be reached, since the proxy does not answer: check HTTPS_PROXY.",
    ),
    (
        aiohttp.ClientHttpProxyError,
        "cannot be reached, since the proxy refuses: let this host through there.",
    ),
    (
        Exception,
        (
            "cannot be reached: check the connection here, firewalls, and whether a proxy is "
            "needed (HTTPS_PROXY)."
        ),
    ),
)
_ENTRA_CODE: Final = re.compile(r"AADSTS[0-9]{4,9}")
_SECOND: Final = timedelta(seconds=1)
_MINUTE: Final = timedelta(minutes=1)


async def cloud(subject: DoctorSubject) -> Sequence[MarkedText]:
    """Ask Azure Resource Manager without a token, which it refuses, and note what time it says."""
    url = subject.settings.arm_url
    try:
        async with (
            open_session(url) as session,
            session.get(
                f"{url}{_LIST}",
                headers={"user-agent": AGENT},
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=DOCTOR_ARM_SECONDS),
            ) as answer,
        ):
            status, date = answer.status, answer.headers.get("date")
    except TROUBLE as error:
        what = next(text for kind, text in _UNREACHED if isinstance(error, kind))
        raise CheckFailed(f"{url} {what}") from error
    subject.ahead = _ahead(date, subject.clock.now())
    named = f"{subject.settings.cloud}: " if subject.settings.other_arm_url is None else ""
    if status != HTTPStatus.UNAUTHORIZED:
        text = (
            f"{named}{url} answered {status} to a request without a token, where Azure answers "
            "401: try again; if it stays, see whether a proxy answers in its place."
        )
        return [(Mark.WARNING, text)]
    return [(Mark.OK, f"{named}{url} answers.")]


async def clock(subject: DoctorSubject) -> Sequence[MarkedText]:
    """Compare the clock here with the time that Azure put on its answer."""
    if subject.ahead is None:
        raise NotTried("Azure's answer did not say what time it is.")
    seconds, most = abs(subject.ahead) // _SECOND, CLOCK_TOLERANCE // _SECOND
    if abs(subject.ahead) <= CLOCK_TOLERANCE:
        return [(Mark.OK, f"The clock here is {seconds} s off Azure's; up to {most} s is fine.")]
    way = "ahead of" if subject.ahead > timedelta() else "behind"
    text = (
        f"The clock here is {seconds} s {way} Azure's, and {most} s is the most: set it right, by "
        "NTP, since tokens and the age of answers go by it."
    )
    return [(Mark.PROBLEM, text)]


async def credential(subject: DoctorSubject) -> Sequence[MarkedText]:
    """Get a token for Azure Resource Manager."""
    settings = subject.settings
    said = await _sign_in(subject, settings.token_scope, settings.client_id, "AZURE_CLIENT_ID")
    if not settings.managed_identity and subject.of_the_app:
        text = (
            "What is tried below are the rights of whoever is signed in here, not those of the "
            "app's identity: what that lacks, GET /api/v1/subscriptions?coverage=gap says."
        )
        return [said, (Mark.WARNING, text)]
    return [said]


async def storage_credential(subject: DoctorSubject) -> Sequence[MarkedText]:
    """Get a token for the storage."""
    storage = subject.settings.storage
    if not isinstance(storage, StorageByIdentity):
        # Azurite takes a key; where there is none, the checks of the storage say so.
        return []
    name = "CMK_STORAGE__clientId"
    return [await _sign_in(subject, STORAGE_SCOPE, storage.client_id, name)]


def _ahead(date: str | None, now: datetime) -> timedelta | None:
    try:
        return None if date is None else now - parsedate_to_datetime(date).astimezone(UTC)
    except ValueError:
        return None


async def _sign_in(
    subject: DoctorSubject, scope: str, client_id: str | None, setting: str
) -> MarkedText:
    settings = subject.settings
    credential = own_credential(
        managed=settings.managed_identity,
        client_id=client_id,
        authority_host=settings.authority_host,
    )
    try:
        async with credential:
            token = await credential.get_token_info(scope)
    except TROUBLE as error:
        managed = settings.managed_identity
        raise CheckFailed(
            _no_identity(error, client_id, setting) if managed else _nobody(error)
        ) from error
    who = "whoever is signed in here"
    if settings.managed_identity:
        who = f"the identity that {setting} names" if client_id else "the system-assigned identity"
    audience = scope.removesuffix("/.default")
    return _given(f"A token for {audience} was given to {who}", token, subject.clock.now())


def _given(what: str, token: AccessTokenInfo, now: datetime) -> MarkedText:
    left = datetime.fromtimestamp(token.expires_on, UTC) - now
    text = f"{what}: {Bearer.of(token.token)}"
    if left < _MINUTE:
        return Mark.PROBLEM, f"{text}. It is over already: set the clock here right, by NTP."
    return Mark.OK, f"{text}; good for {left // _MINUTE} min."


def _no_identity(error: Exception, client_id: str | None, setting: str) -> str:
    """Say what is wrong with a managed identity."""
    status = error.status_code if isinstance(error, HttpResponseError) else None
    if status == HTTPStatus.BAD_REQUEST and client_id:
        return (
            f"The app has no identity with the client id in {setting}: copy it from `az identity "
            "show --query clientId`, and assign that identity by `az functionapp identity assign`."
        )
    if status == HTTPStatus.BAD_REQUEST:
        return (
            f"The app has no system-assigned identity: set {setting} to the client id of its own."
        )
    said = "does not answer" if status is None else f"answered {status}"
    return (
        f"The identity endpoint {said}: assign the app its identity by `az functionapp identity "
        "assign`, and restart it."
    )


def _nobody(error: Exception) -> str:
    """Say that nobody is signed in; of all that the identity library says, only Entra's code."""
    code = _ENTRA_CODE.search(str(error))
    because = f" Microsoft Entra ID answered {code[0]}." if code else ""
    return (
        "Nobody is signed in to Azure here: run `az login`, or name a service principal in "
        f"AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET.{because}"
    )
