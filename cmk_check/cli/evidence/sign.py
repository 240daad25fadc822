"""The signature of a bundle: an in-toto Statement over its manifest, in a DSSE envelope.

https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md and
https://github.com/secure-systems-lab/dsse. What is signed is the pre-authentication encoding (PAE)
of the envelope.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cmk_check.cli.evidence.manifest import MANIFEST, SIGNATURE, digest, is_no_file

if TYPE_CHECKING:
    from securesystemslib.dsse import Envelope
    from securesystemslib.signer import Signature, SSlibKey

    type Sign = Callable[[bytes], Awaitable[Signature]]

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
PREDICATE_TYPE: Final = "urn:cmk-check:evidence:1"


async def sign(folder: Path, signed: "Sign") -> None:
    """Sign the manifest of a folder and write ``MANIFEST.dsse.json``.

    Raises:
        OSError: the manifest could not be read, or the signature could not be written.
        SigningFailed: a vault has not signed.

    """
    from securesystemslib.dsse import Envelope

    envelope = Envelope(_statement(digest(folder / MANIFEST)), PAYLOAD_TYPE, {})
    signature = await signed(envelope.pae())
    envelope.signatures[signature.keyid] = signature
    (folder / SIGNATURE).write_bytes(_body(envelope))


@asynccontextmanager
async def signer(vault_key: str | None, key_file: Path | None) -> AsyncIterator["Sign | None"]:
    """Yield what signs with a key of a vault or of a file; None without either.

    Raises:
        NotUsable: the key is not one that can sign, or of another cloud.
        SettingsError: the settings of the sign-in are invalid.
        SigningFailed: the vault does not give the public key.

    """
    if key_file is not None:
        from cmk_check.cli.evidence.keys import read_private_key

        private = read_private_key(key_file)

        async def by_file(data: bytes) -> "Signature":
            return private.sign(data)

        yield by_file
    elif vault_key is not None:
        from cmk_check.cli.evidence.vault_signer import open_vault_signer

        async with open_vault_signer(vault_key) as by_vault:
            yield by_vault
    else:
        yield None


def signature_fault(folder: Path, key: "SSlibKey") -> str | None:
    """Say what is wrong with the signature of a folder's manifest; None if nothing is.

    Raises:
        OSError: the manifest or the signature could not be read.

    """
    from securesystemslib.exceptions import VerificationError

    signature = folder / SIGNATURE
    if not signature.exists():
        return f"{SIGNATURE} is missing: the bundle is not signed"
    if is_no_file(signature):
        return f"{SIGNATURE} must be a file, and no link"
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
    """Read an envelope; None for other bytes than ``sign`` would write of it.

    What is not signed must not change either: blanks, fields of no meaning, further signatures.
    """
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import FormatError

    try:
        envelope = Envelope.from_dict(json.loads(data))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, FormatError):
        return None
    return envelope if len(envelope.signatures) == 1 and _body(envelope) == data else None


def _statement(manifest: str) -> bytes:
    """Return the statement that a manifest has this SHA-256: the same bytes for the same hash."""
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": MANIFEST, "digest": {"sha256": manifest}}],
        "predicateType": PREDICATE_TYPE,
    }
    return json.dumps(statement, separators=(",", ":")).encode()


def _body(envelope: "Envelope") -> bytes:
    return f"{json.dumps(envelope.to_dict(), indent=2)}\n".encode()
