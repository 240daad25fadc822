"""Small bundles of evidence, signed by keys made for one run of the tests."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from typer.testing import CliRunner, Result

from cmk_check.cli import app
from cmk_check.cli.evidence_export import signer
from cmk_check.evidence.manifest import (
    MANIFEST,
    REQUIRED,
    Manifest,
    Period,
    Source,
    digest,
    entries,
)
from cmk_check.evidence.sign import sign

NOW: Final = datetime(2026, 11, 25, 2, 40, tzinfo=UTC)
BEGINNING: Final = datetime(2026, 11, 1, tzinfo=UTC)
TENANT: Final = "72f90000-0000-0000-0000-00000000000f"
SOURCE: Final = Source(url="https://app.example", tenants=(TENANT,), management_group=None)
KINDS: Final = ("rsa", "p256", "p384", "p521")


@cache
def private_key(kind: str, number: int) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    """Return a private key; another one for another number."""
    del number
    if kind == "rsa":
        return rsa.generate_private_key(65537, 2048)
    curves = {"p256": ec.SECP256R1(), "p384": ec.SECP384R1(), "p521": ec.SECP521R1()}
    return ec.generate_private_key(curves[kind])


def private_pem(kind: str, number: int = 0) -> bytes:
    """Return a private key as PEM."""
    return private_key(kind, number).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def public_pem(kind: str, number: int = 0) -> bytes:
    """Return a public key as PEM."""
    return (
        private_key(kind, number)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


@dataclass(frozen=True)
class Bundles:
    """Makes bundles in a folder and verifies them as a user does."""

    folder: Path

    def make(  # noqa: PLR0913 - each is a part of a bundle
        self,
        name: str = "one",
        *,
        kind: str = "p256",
        after: Path | None = None,
        since: datetime = BEGINNING,
        at: datetime = NOW,
        exported: datetime | None = None,
        source: Source = SOURCE,
    ) -> Path:
        """Make a signed bundle, whose files contain their names and that of the bundle."""
        bundle = self.folder / name
        bundle.mkdir()
        for file in REQUIRED:
            (bundle / file).write_text(f"{file} of {name}\n")
        manifest = Manifest(
            files=entries(bundle),
            source=source,
            period=Period(since=since, until=at),
            as_of=at,
            exported_at=exported or at,
            identity="ada@contoso.example",
            previous=digest(after / MANIFEST) if after else None,
        )
        (bundle / MANIFEST).write_bytes(manifest.body())
        self.sign(bundle, kind)
        return bundle

    def sign(self, bundle: Path, kind: str = "p256") -> None:
        """Sign a bundle as it is."""
        key = self.key(f"{kind}.pem", private_pem(kind))

        async def signed() -> None:
            async with signer(None, key) as by_file:
                assert by_file is not None
                await sign(bundle, by_file)

        asyncio.run(signed())

    def key(self, name: str, data: bytes) -> Path:
        """Write a file with a key, beside the bundles."""
        path = self.folder / name
        path.write_bytes(data)
        return path

    def verify(self, *bundles: Path, key: Path | None = None) -> Result:
        """Verify bundles; without ``key`` by the public part of the one that ``make`` uses."""
        key = key or self.key("public.pem", public_pem("p256"))
        return CliRunner().invoke(app, ["verify", *map(str, bundles), "--key", str(key)])
