"""The signature of a bundle, an in-toto Statement in a DSSE envelope, and its keys.

https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md and
https://github.com/secure-systems-lab/dsse. The signed bytes are the envelope's pre-authentication
encoding (PAE). Public keys are read as PEM or JWK, private keys as PEM. A key that cannot be read
or used raises NotUsable, a file of the bundle raises OSError, and a vault that does not sign raises
SigningFailed.
"""

import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cmk_check.errors import NotUsable
from cmk_check.evidence.manifest import MANIFEST, SIGNATURE, digest, is_no_file

if TYPE_CHECKING:
    from securesystemslib.dsse import Envelope
    from securesystemslib.signer import CryptoSigner, Signature, SSlibKey

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
PREDICATE_TYPE: Final = "urn:cmk-check:evidence:1"
_PEM: Final = b"-----BEGIN "
_KINDS: Final = "an RSA key of at least 2048 bits, or an EC key on P-256, P-384 or P-521"
_SMALLEST: Final = 2048
# Key Vault's names for keys in hardware; their public part is the same.
_IN_HARDWARE: Final = "-HSM"

type Sign = Callable[[bytes], Awaitable["Signature"]]


async def sign(folder: Path, signed: Sign) -> None:
    """Sign the manifest of a folder and write ``MANIFEST.dsse.json``."""
    from securesystemslib.dsse import Envelope

    envelope = Envelope(_statement(digest(folder / MANIFEST)), PAYLOAD_TYPE, {})
    signature = await signed(envelope.pae())
    envelope.signatures[signature.keyid] = signature
    (folder / SIGNATURE).write_bytes(_body(envelope))


def signature_fault(folder: Path, key: "SSlibKey") -> str | None:
    """Return the fault in the signature of a folder's manifest, or None if it is valid."""
    from securesystemslib.exceptions import VerificationError

    signature = folder / SIGNATURE
    if not signature.exists():
        return f"{SIGNATURE} is missing: the bundle is not signed"
    if is_no_file(signature):
        return f"{SIGNATURE} must be a file, not a link"
    envelope = _envelope(signature.read_bytes())
    if envelope is None:
        return f"{SIGNATURE} must be a DSSE envelope with one signature, as cmk-check wrote it"
    try:
        envelope.verify([key], 1)
    except VerificationError:
        return f"{SIGNATURE} was changed, or was not signed by this key"
    expected = PAYLOAD_TYPE, _statement(digest(folder / MANIFEST))
    if (envelope.payload_type, envelope.payload) != expected:
        return f"{MANIFEST} was changed: it is not the one that {SIGNATURE} signs"
    return None


def _envelope(data: bytes) -> "Envelope | None":
    """Parse an envelope; return None unless ``sign`` would write exactly these bytes.

    Unsigned parts must not change either: whitespace, unused fields, further signatures.
    """
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import FormatError

    try:
        envelope = Envelope.from_dict(json.loads(data))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, FormatError):
        return None
    return envelope if len(envelope.signatures) == 1 and _body(envelope) == data else None


def _statement(manifest: str) -> bytes:
    """Return the statement that a manifest has this SHA-256; equal hashes give equal bytes."""
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": MANIFEST, "digest": {"sha256": manifest}}],
        "predicateType": PREDICATE_TYPE,
    }
    return json.dumps(statement, separators=(",", ":")).encode()


def _body(envelope: "Envelope") -> bytes:
    return f"{json.dumps(envelope.to_dict(), indent=2)}\n".encode()


def read_public_key(path: Path) -> "SSlibKey":
    """Read a public key as PEM or as JWK; Key Vault wraps the JWK in ``key``."""
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    data = _read(path)
    try:
        key = load_pem_public_key(data) if _PEM in data else parse_jwk(json.loads(data))
    except (ValueError, TypeError, KeyError) as error:
        raise NotUsable(f"{path} must be a public key, as PEM or as JWK.") from error
    return to_public_key(key, str(path))


def parse_jwk(document: Any) -> object:  # noqa: ANN401 - JSON
    """Return the key of a JWK.

    Raises:
        ValueError, TypeError, KeyError: the document is not a JWK.
    """
    from jwt import PyJWK
    from jwt.exceptions import PyJWTError

    jwk = document.get("key", document) if isinstance(document, dict) else document
    try:
        return PyJWK({**jwk, "kty": jwk["kty"].removesuffix(_IN_HARDWARE)}).key
    except (PyJWTError, AttributeError) as error:
        raise ValueError(str(error)) from error


def to_public_key(key: object, name: str) -> "SSlibKey":
    """Return the key with its scheme: PSS with SHA-256 for RSA, ECDSA on its curve for EC.

    ``name`` is the key's name in errors.
    """
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from securesystemslib.signer import SSlibKey

    if hasattr(key, "private_numbers"):
        raise NotUsable(f"{name} contains a private key; provide only the public key.")
    with suppress(ValueError):  # another curve
        if isinstance(key, EllipticCurvePublicKey) or (
            isinstance(key, RSAPublicKey) and key.key_size >= _SMALLEST
        ):
            return SSlibKey.from_crypto(key)
    raise NotUsable(f"{name} must be {_KINDS}.")


def read_private_key(path: Path) -> "CryptoSigner":
    """Read a private key as PEM without a password."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from securesystemslib.signer import CryptoSigner

    try:
        key = load_pem_private_key(_read(path), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise NotUsable(f"{path} must be a private key as PEM, without a password.") from error
    return CryptoSigner(key, to_public_key(key.public_key(), str(path)))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise NotUsable(f"{path} cannot be read ({error.strerror}).") from error
