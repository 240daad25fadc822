"""A key in Key Vault signs: the real credential and client over TLS, through a proxy."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm

from cmk_check.cli.evidence_export import signer
from cmk_check.errors import NotUsable
from cmk_check.evidence.sign import sign
from cmk_check.evidence.vault_signer import KeyId, SigningFailed
from local.simulator import Simulator
from local.simulator.messages import Reply
from local.simulator.signing_vault import VAULT_HOST, VERSION, SigningVault
from tests.contract.proxy import open_proxy
from tests.functional.doctor_kit import trust_here
from tests.unit.evidence.bundle_kit import Bundles

KEY = f"https://{VAULT_HOST}/keys/"
OTHER_KEY = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()).public_key(), as_dict=True)


@pytest.fixture
async def vault(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SigningVault]:
    """A vault whose keys sign, behind the proxy that this process has to use."""
    with Simulator("nothing") as simulator:
        vault = simulator.signing_vault()
        trust_here(simulator, monkeypatch)
        async with open_proxy({VAULT_HOST: vault.port}) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
            monkeypatch.setenv("NO_PROXY", "127.0.0.1")
            yield vault


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A bundle, signed by another key."""
    return Bundles(tmp_path).make()


async def _sign(key_id: str, bundle: Path) -> None:
    async with signer(key_id, None) as signed:
        assert signed is not None
        await sign(bundle, signed)


@pytest.mark.parametrize("key", ["rsa", f"ec/{VERSION}"])
async def test_a_key_of_a_vault_signs(vault: SigningVault, bundle: Path, key: str) -> None:
    """Whoever has its public part can check the bundle, and nobody else's confirms it."""
    await _sign(f"{KEY}{key}", bundle)

    bundles = Bundles(bundle.parent)
    private = vault.keys[key.partition("/")[0]]
    pem = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert bundles.verify(bundle, key=bundles.key("vault.pem", pem)).exit_code == 0
    assert bundles.verify(bundle).exit_code == 1
    assert [each.method for each in vault.requests] == ["GET", "POST"]


@pytest.mark.parametrize(
    ("instead", "message"),
    [
        (Reply(307, b"", {"location": "https://127.0.0.1/"}), "answered 307"),
        (Reply.of(403, {"error": {"code": "Forbidden\x1b"}}), "403: let this identity"),
        (Reply.of(503, {"error": {"code": "Busy"}}), r"503 \(Busy\): try again later"),
        (Reply.of(200, {"key": {"kid": f"{KEY}other/{VERSION}", "kty": "EC"}}), "not a key"),
        (
            Reply.of(200, {"key": {"kid": f"{KEY}ec/{VERSION}", **OTHER_KEY}}),
            "returned a key other than",
        ),
    ],
)
async def test_what_a_vault_answers_instead_is_said(
    vault: SigningVault, bundle: Path, monkeypatch: pytest.MonkeyPatch, instead: Reply, message: str
) -> None:
    """The message names what to do, and nothing of the answer but its code."""
    monkeypatch.setattr("cmk_check.evidence.vault_signer.API_PAUSES_SECONDS", (0.0,))
    vault.instead = instead

    with pytest.raises(SigningFailed, match=message) as failed:
        await _sign(f"{KEY}rsa", bundle)

    assert "\x1b" not in str(failed.value)
    assert len(vault.requests) == (2 if instead.status == 503 else 1)  # only that may pass


async def test_a_signature_of_another_key_is_refused(vault: SigningVault, bundle: Path) -> None:
    """A bundle must not bear a signature that its public key does not confirm."""
    async with signer(f"{KEY}rsa", None) as signed:
        assert signed is not None
        vault.keys["rsa"] = rsa.generate_private_key(65537, 2048)
        with pytest.raises(SigningFailed, match="a signature that does not fit its key"):
            await sign(bundle, signed)


async def test_another_host_is_refused_before_a_token_is_asked_for(
    vault: SigningVault, bundle: Path
) -> None:
    """A token for vaults opens every vault that the person may use."""
    with pytest.raises(NotUsable, match="--sign-with must be the id of a key"):
        await _sign("https://kv.example.com/keys/rsa", bundle)

    assert len(vault.requests) == 0


@pytest.mark.parametrize(
    ("key_id", "parsed"),
    [
        ("HTTPS://Signer.vault.azure.NET:443/keys/rsa", (VAULT_HOST, "rsa", "")),
        (f"{KEY}My-key/{VERSION}/", (VAULT_HOST, "My-key", VERSION)),
    ],
)
def test_a_key_of_the_cloud_is_accepted(key_id: str, parsed: tuple[str, ...]) -> None:
    """As the portal and the command show it."""
    assert KeyId.parse(key_id, "vault.azure.net") == parsed


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
