"""Signs with a key in Key Vault, as whoever runs the command; the private key stays there.

https://learn.microsoft.com/rest/api/keyvault/keys/sign/sign. A token goes to the vault alone, whose
host must be in the domain of the configured cloud; redirects are not followed.
"""

import asyncio
import base64
import hashlib
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import aiohttp
from yarl import URL

from cmk_check import VERSION
from cmk_check.cli.evidence.api_client import open_api_session
from cmk_check.cli.evidence.keys import from_jwk, usable
from cmk_check.cli.stdout import NotUsable
from cmk_check.config.settings import Settings
from cmk_check.errors import SigningFailed
from cmk_check.inventory.connection_failures import unreached_gap
from cmk_check.inventory.credential import SharedCredential, own_credential
from cmk_check.limits import API_PAUSES_SECONDS, API_REQUEST_SECONDS

if TYPE_CHECKING:
    from securesystemslib.signer import Signature, SSlibKey

_API_VERSION: Final = "7.4"
_KEY_PATH: Final = re.compile(r"/keys/([0-9A-Za-z-]{1,127})(?:/([0-9A-Fa-f]{32}))?/?")
_VAULT_NAME: Final = re.compile(r"[A-Za-z][0-9A-Za-z-]{1,22}[0-9A-Za-z]")
_CODE: Final = re.compile(r"[A-Za-z]{1,40}")
_MAY_PASS: Final = frozenset({429, 500, 502, 503, 504})
# By the scheme of securesystemslib.
_ALGORITHMS: Final[Mapping[str, str]] = {
    "rsassa-pss-sha256": "PS256",
    "ecdsa-sha2-nistp256": "ES256",
    "ecdsa-sha2-nistp384": "ES384",
    "ecdsa-sha2-nistp521": "ES512",
}
_ADVICE: Final[Mapping[int, str]] = {
    HTTPStatus.UNAUTHORIZED: "sign in to the tenant of the vault",
    HTTPStatus.FORBIDDEN: "let this identity get the key and sign with it (role Key Vault Crypto "
    "User), and let this machine through the vault's firewall",
    HTTPStatus.NOT_FOUND: "check the name and the version of the key",
}


class KeyId(NamedTuple):
    """The id of a key: ``https://<host>/keys/<name>/<version>``; "" is the latest version."""

    host: str
    name: str
    version: str

    @classmethod
    def parse(cls, text: str, domain: str) -> "KeyId":
        """Read the id of a key whose vault is in a domain.

        Raises:
            NotUsable: it is something else.

        """
        scheme, _, rest = text.partition("://")
        authority, _, path = rest.partition("/")
        name, _, host_domain = authority.lower().removesuffix(":443").partition(".")
        found = _KEY_PATH.fullmatch(f"/{path}")
        is_vault = _VAULT_NAME.fullmatch(name) and host_domain == domain
        if scheme.lower() != "https" or not is_vault or found is None:
            raise NotUsable(
                f"--sign-with must be the id of a key like https://<vault>.{domain}/keys/<key>; "
                "CMK_CLOUD says which cloud it must be in."
            )
        return cls(f"{name}.{host_domain}", found[1], found[2] or "")


@asynccontextmanager
async def open_vault_signer(key_id: str) -> AsyncIterator["VaultSigner"]:
    """Sign in, and read the public key before anything else is done.

    Raises:
        NotUsable: the id is not that of a key in the configured cloud, or the key cannot sign.
        SettingsError: the settings of the sign-in are invalid.
        SigningFailed: the vault does not give the public key.
        InventoryError: the sign-in failed.

    """
    settings = Settings.load_for_scan()
    parsed = KeyId.parse(key_id, settings.addresses.vault_domain)
    inner = own_credential(
        managed=settings.managed_identity,
        client_id=settings.client_id,
        authority_host=settings.addresses.authority_host,
    )
    scope = f"https://{settings.addresses.vault_domain}/.default"
    async with (
        SharedCredential(inner) as credential,
        open_api_session(URL(f"https://{parsed.host}")) as session,
    ):
        signer = VaultSigner(parsed, session, credential, scope)
        await signer.read_key()
        yield signer


class VaultSigner:
    """Signs with one version of a key."""

    def __init__(
        self,
        key_id: KeyId,
        session: aiohttp.ClientSession,
        credential: SharedCredential,
        scope: str,
    ) -> None:
        self._id = key_id
        self._session = session
        self._credential = credential
        self._scope = scope
        self._key: SSlibKey | None = None

    async def read_key(self) -> None:
        """Read the public key and its version; ``open_vault_signer`` says what is raised."""
        host, name, version = self._id
        answer = await self._ask("GET", f"/keys/{name}/{version}".rstrip("/"))
        try:
            read = KeyId.parse(answer["key"]["kid"], host.partition(".")[2])
            public = from_jwk(answer)
        except (NotUsable, KeyError, TypeError, ValueError, AttributeError) as error:
            raise SigningFailed(f"{host} gave an answer that is not a key.") from error
        if (read.host, read.name.lower()) != (host, name.lower()) or version not in {
            "",
            read.version,
        }:
            raise SigningFailed(f"{host} gave another key than {name}.")
        self._key = usable(public, f"{host}/keys/{name}")
        self._id = read

    async def sign(self, data: bytes) -> "Signature":
        """Sign data with the version that was read, and check the signature.

        Raises:
            SigningFailed: the vault has not signed.
            InventoryError: the sign-in failed.

        """
        from securesystemslib.exceptions import VerificationError
        from securesystemslib.signer import Signature

        key = self._key
        if key is None:
            raise SigningFailed("The key must be read first.")
        hashed = hashlib.new(key.get_hash_algorithm_name(), data).digest()
        host, name, version = self._id
        answer = await self._ask(
            "POST",
            f"/keys/{name}/{version}/sign",
            {"alg": _ALGORITHMS[key.scheme], "value": _encoded(hashed)},
        )
        try:
            raw = base64.urlsafe_b64decode(f"{answer['value']}==")
            signature = Signature(key.keyid, (raw if key.keytype == "rsa" else _der(raw)).hex())
            key.verify_signature(signature, data)
        except (KeyError, TypeError, ValueError, VerificationError) as error:
            raise SigningFailed(
                f"{host} gave a signature that its key does not confirm."
            ) from error
        return signature

    async def _ask(
        self, method: str, path: str, body: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Send a request, several times if a failure may pass; to sign twice does no harm."""
        for pause in (*API_PAUSES_SECONDS, None):
            status, answer = await self._sent(method, path, body)
            if status == HTTPStatus.OK:
                return answer
            if status not in _MAY_PASS or pause is None:
                break
            await asyncio.sleep(pause)
        code = answer.get("error", {}).get("code", "") if _is_error(answer) else ""
        named = f" ({code})" if isinstance(code, str) and _CODE.fullmatch(code) else ""
        advice = _ADVICE.get(status, "try again later")
        raise SigningFailed(f"{self._id.host} answered {status}{named}: {advice}.")

    async def _sent(
        self, method: str, path: str, body: Mapping[str, str] | None
    ) -> tuple[int, dict[str, Any]]:
        host = self._id.host
        token = (await self._credential.get_token(self._scope)).token
        try:
            async with self._session.request(
                method,
                URL(f"https://{host}{path}").with_query({"api-version": _API_VERSION}),
                json=body,
                headers={"authorization": f"Bearer {token}", "user-agent": f"cmk_check/{VERSION}"},
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=API_REQUEST_SECONDS),
            ) as response:
                content = await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            gap = unreached_gap(error, host)
            fault = (gap and gap.detail) or f"{host} does not answer."
        else:
            try:
                document = json.loads(content)
            except (ValueError, RecursionError):
                document = None
            return response.status, document if isinstance(document, dict) else {}
        # Raised outside of the handler, so that it is not chained to an error of the library.
        raise SigningFailed(fault)


def _is_error(answer: Mapping[str, Any]) -> bool:
    return isinstance(answer.get("error"), dict)


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _der(raw: bytes) -> bytes:
    """Return a signature of ECDSA as OpenSSL has it; Key Vault sends both numbers one by one."""
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    half = len(raw) // 2
    return encode_dss_signature(int.from_bytes(raw[:half]), int.from_bytes(raw[half:]))
