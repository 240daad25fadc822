"""A key vault with keys that sign: the operations of its data plane that `cmk-check` uses.

https://learn.microsoft.com/rest/api/keyvault/keys/get-key/get-key and
https://learn.microsoft.com/rest/api/keyvault/keys/sign/sign. The wording of errors was not compared
with a real answer.
"""

import base64
import json
import re
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from local.simulator.errors import not_simulated
from local.simulator.listener import ListenerThread, incoming_of, respond
from local.simulator.messages import Incoming, Reply
from local.simulator.request_log import RequestLog
from local.simulator.tokens import Tokens

VAULT_HOST: Final = "signer.vault.azure.net"
VERSION: Final = "0123456789abcdef0123456789abcdef"
_AUDIENCE: Final = "https://vault.azure.net"
_API_VERSION: Final = "7.4"
_PATH: Final = re.compile(rf"/keys/(?P<name>[^/]+)(/(?P<version>{VERSION}))?(?P<sign>/sign)?")
_HASHES: Final[Mapping[str, hashes.HashAlgorithm]] = {
    "PS256": hashes.SHA256(),
    "ES256": hashes.SHA256(),
    "ES384": hashes.SHA384(),
    "ES512": hashes.SHA512(),
}
_CURVES: Final[Mapping[str, ec.EllipticCurve]] = {
    "ES256": ec.SECP256R1(),
    "ES384": ec.SECP384R1(),
    "ES512": ec.SECP521R1(),
}

type PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class SigningVault:
    """An HTTPS origin with the keys ``rsa`` and ``ec``; runs as long as the simulator.

    A test may put another answer into ``instead``, which is then given to every request.
    """

    def __init__(self, listeners: ListenerThread, tokens: Tokens) -> None:
        self.requests = RequestLog()
        self.keys: dict[str, PrivateKey] = {
            "rsa": rsa.generate_private_key(65537, 2048),
            "ec": ec.generate_private_key(ec.SECP384R1()),
        }
        self.instead: Reply | None = None
        self._tokens = tokens
        self.port = listeners.listen(self._handle)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        incoming = await incoming_of(request)
        number = self.requests.opened(incoming)
        reply = self.instead or self._answer(incoming)
        self.requests.answered(number, reply.status)
        return respond(reply)

    def _answer(self, incoming: Incoming) -> Reply:
        claims = self._tokens.check(incoming.bearer or "")
        if claims is None or claims.expired or claims.audience != _AUDIENCE:
            return _error(401, "Unauthorized", "The token is missing, invalid or of another use.")
        found = _PATH.fullmatch(incoming.path)
        if found is None or incoming.query != {"api-version": _API_VERSION}:
            return not_simulated(incoming)
        key = self.keys.get(found["name"])
        if key is None:
            return _error(404, "KeyNotFound", f"A key with {found['name']} was not found.")
        kid = f"https://{VAULT_HOST}/keys/{found['name']}/{VERSION}"
        if incoming.method == "GET" and not found["sign"]:
            attributes = {"enabled": True, "recoveryLevel": "Recoverable"}
            return Reply.of(200, {"key": {**_jwk(key), "kid": kid}, "attributes": attributes})
        if incoming.method == "POST" and found["sign"] and found["version"]:
            body = json.loads(incoming.body)
            value = _signed(key, body["alg"], _decoded(body["value"]))
            return Reply.of(200, {"kid": kid, "value": _encoded(value)})
        return not_simulated(incoming)


def _jwk(key: PrivateKey) -> dict[str, Any]:
    public = key.public_key()
    jwk = (
        RSAAlgorithm.to_jwk(public, as_dict=True)
        if isinstance(public, rsa.RSAPublicKey)
        else ECAlgorithm.to_jwk(public, as_dict=True)
    )
    return {**jwk, "kty": f"{jwk['kty']}-HSM", "key_ops": ["sign", "verify"]}


def _signed(key: PrivateKey, algorithm: str, digest: bytes) -> bytes:
    """Sign a digest; ECDSA gives both numbers one after the other, as a JSON Web Signature does.

    Raises:
        KeyError, ValueError: the algorithm is not one of this key.

    """
    hashed = _HASHES[algorithm]
    if isinstance(key, rsa.RSAPrivateKey):
        pss = padding.PSS(padding.MGF1(hashed), padding.PSS.DIGEST_LENGTH)
        return key.sign(digest, pss, Prehashed(hashed))
    if key.curve.name != _CURVES[algorithm].name:
        raise ValueError(algorithm)
    length = (key.key_size + 7) // 8
    numbers = decode_dss_signature(key.sign(digest, ec.ECDSA(Prehashed(hashed))))
    return b"".join(number.to_bytes(length) for number in numbers)


def _error(status: int, code: str, message: str) -> Reply:
    return Reply.of(status, {"error": {"code": code, "message": message}})


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(f"{text}==")
