"""Sign with a key in Key Vault as the identity of the command; the key never leaves the vault.

https://learn.microsoft.com/rest/api/keyvault/keys/sign/sign. A token is sent only to the vault,
whose host must be in the domain of the configured cloud. Redirects are not followed.
"""

import asyncio
import base64
import hashlib
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import aiohttp
from yarl import URL

from cmk_check.config.settings import Settings
from cmk_check.errors import CmkCheckError, NotUsable
from cmk_check.evidence.api_client import MAY_PASS, Passing, exchange
from cmk_check.evidence.sign import Sign, parse_jwk, to_public_key
from cmk_check.inventory.credential import SharedCredential, open_credential
from cmk_check.inventory.http_session import open_session
from cmk_check.limits import API_PAUSES_SECONDS

if TYPE_CHECKING:
    from securesystemslib.signer import Signature, SSlibKey


class SigningFailed(CmkCheckError):
    """A vault did not sign; ``str()`` explains what to do."""


_KEY_PATH: Final = re.compile(r"/keys/([0-9A-Za-z-]{1,127})(?:/([0-9A-Fa-f]{32}))?/?")
_VAULT_NAME: Final = re.compile(r"[A-Za-z][0-9A-Za-z-]{1,22}[0-9A-Za-z]")
# The algorithms by scheme of securesystemslib.
_ALGORITHMS: Final[Mapping[str, str]] = {
    "rsassa-pss-sha256": "PS256",
    "ecdsa-sha2-nistp256": "ES256",
    "ecdsa-sha2-nistp384": "ES384",
    "ecdsa-sha2-nistp521": "ES512",
}
_ADVICE: Final[Mapping[int, str]] = {
    HTTPStatus.UNAUTHORIZED: "sign in to the tenant of the vault",
    HTTPStatus.FORBIDDEN: "let this identity get the key and sign with it (role Key Vault Crypto "
    "User), and admit this machine in the vault's firewall",
    HTTPStatus.NOT_FOUND: "check the name and the version of the key",
}


class KeyId(NamedTuple):
    """The id of a key version, ``https://<host>/keys/<name>/<version>``; "" is the latest."""

    host: str
    name: str
    version: str

    @classmethod
    def parse(cls, text: str, domain: str) -> "KeyId":
        """Parse the id of a key in a vault that must be in a domain.

        Raises:
            NotUsable: the text is not such an id.
        """
        scheme, _, rest = text.partition("://")
        authority, _, path = rest.partition("/")
        name, _, host_domain = authority.lower().removesuffix(":443").partition(".")
        match = _KEY_PATH.fullmatch(f"/{path}")
        is_vault = _VAULT_NAME.fullmatch(name) and host_domain == domain
        if scheme.lower() != "https" or not is_vault or match is None:
            raise NotUsable(
                f"--sign-with must be the id of a key like https://<vault>.{domain}/keys/<key>; "
                "CMK_CLOUD selects the cloud."
            )
        return cls(f"{name}.{host_domain}", match[1], match[2] or "")


@asynccontextmanager
async def open_vault_signer(key_id: str) -> AsyncIterator[Sign]:
    """Sign in, read the public key, and yield a signer.

    The signer checks each signature, and raises SigningFailed or InventoryError for the reasons
    below.

    Raises:
        NotUsable: the id is not a key in the configured cloud, or the key cannot sign.
        SettingsError: the settings of the sign-in are invalid.
        SigningFailed: the vault does not return the public key.
        InventoryError: the sign-in failed.
    """
    settings = Settings.load_for_scan()
    requested = KeyId.parse(key_id, settings.addresses.vault_domain)
    scope = f"https://{settings.addresses.vault_domain}/.default"
    async with (
        SharedCredential(open_credential(settings, settings.client_id)) as credential,
        open_session(f"https://{requested.host}") as session,
    ):
        vault = _Vault(requested.host, session, credential, scope)
        yield partial(vault.sign, *await vault.read(requested))


@dataclass(frozen=True, slots=True)
class _Vault:
    host: str
    session: aiohttp.ClientSession
    credential: SharedCredential
    scope: str

    async def read(self, requested: KeyId) -> tuple[KeyId, "SSlibKey"]:
        """Read a public key, and return it with the id of its version."""
        host, name, version = requested
        response = await self._ask("GET", f"/keys/{name}/{version}".rstrip("/"))
        try:
            read = KeyId.parse(response["key"]["kid"], host.partition(".")[2])
            public = parse_jwk(response)
        except (NotUsable, KeyError, TypeError, ValueError, AttributeError) as error:
            raise SigningFailed(f"{host} returned a response that is not a key.") from error
        is_version = version in {"", read.version}
        if (read.host, read.name.lower()) != (host, name.lower()) or not is_version:
            raise SigningFailed(f"{host} returned a key other than {name}.")
        return read, to_public_key(public, f"{host}/keys/{name}")

    async def sign(self, key_id: KeyId, key: "SSlibKey", data: bytes) -> "Signature":
        """Sign data with this version of a key, and check the signature."""
        from securesystemslib.exceptions import UnverifiedSignatureError
        from securesystemslib.signer import Signature

        hashed = hashlib.new(key.get_hash_algorithm_name(), data).digest()
        value = base64.urlsafe_b64encode(hashed).rstrip(b"=").decode()
        path = f"/keys/{key_id.name}/{key_id.version}/sign"
        response = await self._ask("POST", path, {"alg": _ALGORITHMS[key.scheme], "value": value})
        try:
            raw = base64.urlsafe_b64decode(f"{response['value']}==")
            signature = Signature(key.keyid, (raw if key.keytype == "rsa" else _der(raw)).hex())
            key.verify_signature(signature, data)
        except (KeyError, TypeError, ValueError, UnverifiedSignatureError) as error:
            fault = f"{self.host} returned a signature that does not fit its key."
            raise SigningFailed(fault) from error
        return signature

    async def _ask(
        self, method: str, path: str, body: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Send a request, and repeat it after transient failures; signing twice is harmless."""
        url = URL(f"https://{self.host}{path}").with_query({"api-version": "7.4"})
        for pause in (*API_PAUSES_SECONDS, None):
            token = (await self.credential.get_token(self.scope)).token
            headers = {"authorization": f"Bearer {token}"}
            try:
                reply = await exchange(self.session, method, url, headers, body)
            except Passing as failure:
                raise SigningFailed(str(failure)) from None
            if reply.status == HTTPStatus.OK:
                return reply.document or {}
            if reply.status not in MAY_PASS or pause is None:
                break
            await asyncio.sleep(pause)
        advice = _ADVICE.get(reply.status, "try again later")
        raise SigningFailed(f"{self.host} answered {reply.named}: {advice}.")


def _der(raw: bytes) -> bytes:
    """Convert an ECDSA signature to OpenSSL's format; Key Vault sends its two numbers in a row."""
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    half = len(raw) // 2
    return encode_dss_signature(int.from_bytes(raw[:half]), int.from_bytes(raw[half:]))
