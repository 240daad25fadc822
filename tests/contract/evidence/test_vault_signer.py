"""A key in Key Vault signs: the real credential over TLS, in a process of its own.

aiohttp makes its TLS context at import, so the certificate authority must be in the environment.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from cmk_check.errors import NotUsable
from cmk_check.evidence.vault_signer import KeyId
from local.simulator import Simulator
from local.simulator.messages import Reply
from local.simulator.signing_vault import VAULT_HOST, VERSION, SigningVault
from tests.contract.proxy import open_proxy
from tests.unit.evidence.bundle_kit import Bundles

PROGRAM = """
import asyncio
import sys
from pathlib import Path
from cmk_check.cli.evidence_export import signer
from cmk_check.evidence.sign import sign
from cmk_check.cli.exit_codes import ended, run

async def main():
    async with signer(sys.argv[1], None) as signed:
        await sign(Path(sys.argv[2]), signed)
    return 0

sys.exit(ended(lambda: run(main()), "nothing was signed"))
"""
KEY = f"https://{VAULT_HOST}/keys/"
OTHER_KEY = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()).public_key(), as_dict=True)


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """Azure, for its tokens."""
    with Simulator("nothing") as running:
        yield running


@pytest.fixture(scope="module")
def vault(simulator: Simulator) -> SigningVault:
    """A vault whose keys sign."""
    return simulator.signing_vault()


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A bundle, signed by another key."""
    return Bundles(tmp_path).make()


async def _sign(
    simulator: Simulator, vault: SigningVault, key_id: str, bundle: Path, **environ: str
) -> tuple[int, str]:
    async with open_proxy({VAULT_HOST: vault.port}) as proxy:
        ran = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-W", "error", "-c", PROGRAM, key_id, str(bundle)],
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": os.curdir,
                **simulator.environment(),
                "HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}",
                "NO_PROXY": "127.0.0.1",
                **environ,
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    return ran.returncode, ran.stderr


@pytest.mark.parametrize("key", ["rsa", pytest.param(f"ec/{VERSION}", marks=pytest.mark.long)])
async def test_a_key_of_a_vault_signs(
    simulator: Simulator, vault: SigningVault, bundle: Path, key: str
) -> None:
    """Whoever has its public part can check the bundle, and nobody else's confirms it."""
    vault.requests.clear()
    assert await _sign(simulator, vault, f"{KEY}{key}", bundle) == (0, "")

    bundles = Bundles(bundle.parent)
    private = vault.keys[key.partition("/")[0]]
    pem = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert bundles.verify(bundle, key=bundles.key("vault.pem", pem)).exit_code == 0
    assert bundles.verify(bundle).exit_code == 1
    assert [each.method for each in vault.requests] == ["GET", "POST"]


async def test_another_host_is_refused_before_a_token_is_asked_for(
    simulator: Simulator, vault: SigningVault, bundle: Path
) -> None:
    """A token for vaults opens every vault that the person may use."""
    simulator.requests.clear()

    code, message = await _sign(simulator, vault, "https://kv.example.com/keys/rsa", bundle)

    assert code == 2
    assert "--sign-with must be the id of a key" in message
    assert len(simulator.requests) == 0


@pytest.mark.parametrize("host", ["signer.vault.azure.net:443", "Signer.vault.azure.NET"])
def test_a_key_of_the_cloud_is_accepted(host: str) -> None:
    """As the portal and the command show it."""
    assert KeyId.parse(f"https://{host}/keys/rsa", "vault.azure.net")


@pytest.mark.parametrize(
    "key_id",
    [
        "https://signer.vault.azure.net.example.com/keys/rsa",
        "http://signer.vault.azure.net/keys/rsa",
        "https://signer.vault.azure.net@example.com/keys/rsa",
        "https://user@signer.vault.azure.net/keys/rsa",
        "https://signer.vault.azure.net:8443/keys/rsa",
        "https://a.b.vault.azure.net/keys/rsa",
        "https://signer.vault.usgovcloudapi.net/keys/rsa",
        "https://signer.vault.azure.net/secrets/rsa",
        "https://signer.vault.azure.net/keys/rsa?x=/",
        "https://signer.vault.azure.net/keys/../secrets",
    ],
)
def test_only_a_key_of_the_cloud_is_accepted(key_id: str) -> None:
    """Each of these could lead a token elsewhere."""
    with pytest.raises(NotUsable):
        KeyId.parse(key_id, "vault.azure.net")


@pytest.mark.long
@pytest.mark.parametrize(
    ("instead", "message"),
    [
        (Reply(307, b"", {"location": "https://127.0.0.1/"}), "answered 307"),
        (Reply.of(403, {"error": {"code": "Forbidden\x1b"}}), "403: let this identity"),
        (Reply.of(200, {"key": {"kid": f"{KEY}other/{VERSION}", "kty": "EC"}}), "not a key"),
        (
            Reply.of(200, {"key": {"kid": f"{KEY}ec/{VERSION}", **OTHER_KEY}}),
            "returned a key other than",
        ),
    ],
)
async def test_what_a_vault_answers_instead_is_said(
    simulator: Simulator, vault: SigningVault, bundle: Path, instead: Reply, message: str
) -> None:
    """The message names what to do, and nothing of the answer but its code.

    A bundle must not bear a signature that nobody asked for.
    """
    vault.instead = instead
    try:
        code, said = await _sign(simulator, vault, f"{KEY}rsa", bundle)
    finally:
        vault.instead = None

    assert code == 3
    assert message in said
    assert "\x1b" not in said
