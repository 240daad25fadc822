"""Keys of signatures in files: public ones as PEM or JWK, private ones as PEM."""

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cmk_check.cli.stdout import NotUsable

if TYPE_CHECKING:
    from securesystemslib.signer import CryptoSigner, SSlibKey

_PEM: Final = b"-----BEGIN "
_KINDS: Final = "an RSA key of at least 2048 bits, or an EC key on P-256, P-384 or P-521"
_SMALLEST: Final = 2048
# Key Vault names keys in hardware so; the public part is the same.
_IN_HARDWARE: Final = "-HSM"


def read_public_key(path: Path) -> "SSlibKey":
    """Read a public key, as PEM or as JWK, alone or as Key Vault shows it (in ``key``).

    Raises:
        NotUsable: the file cannot be read, or must not be used as a public key.

    """
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    data = _read(path)
    try:
        found = load_pem_public_key(data) if _PEM in data else from_jwk(json.loads(data))
    except (ValueError, TypeError, KeyError) as error:
        raise NotUsable(f"{path} must be a public key, as PEM or as JWK.") from error
    return usable(found, str(path))


def from_jwk(document: Any) -> object:  # noqa: ANN401 - JSON
    """Return the key of a JWK.

    Raises:
        ValueError, TypeError, KeyError: it is not a JWK.

    """
    from jwt import PyJWK
    from jwt.exceptions import PyJWTError

    jwk = document.get("key", document) if isinstance(document, dict) else document
    try:
        return PyJWK({**jwk, "kty": jwk["kty"].removesuffix(_IN_HARDWARE)}).key
    except (PyJWTError, AttributeError) as error:
        raise ValueError(str(error)) from error


def usable(key: object, name: str) -> "SSlibKey":
    """Return the key with its scheme: PSS with SHA-256 for RSA, ECDSA of its curve for EC.

    ``name`` is what an error calls the key.

    Raises:
        NotUsable: it is a private key, or one of another kind.

    """
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from securesystemslib.signer import SSlibKey

    if hasattr(key, "private_numbers"):
        raise NotUsable(f"{name} contains a private key; give the public key alone.")
    with suppress(ValueError):  # another curve
        if isinstance(key, EllipticCurvePublicKey) or (
            isinstance(key, RSAPublicKey) and key.key_size >= _SMALLEST
        ):
            return SSlibKey.from_crypto(key)
    raise NotUsable(f"{name} must be {_KINDS}.")


def read_private_key(path: Path) -> "CryptoSigner":
    """Read a private key as PEM without a password.

    Raises:
        NotUsable: the file cannot be read, or is not such a key.

    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from securesystemslib.signer import CryptoSigner

    try:
        key = load_pem_private_key(_read(path), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise NotUsable(f"{path} must be a private key as PEM, without a password.") from error
    return CryptoSigner(key, usable(key.public_key(), str(path)))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise NotUsable(f"{path} cannot be read ({error.strerror}).") from error
