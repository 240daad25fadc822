"""``verify``: whatever differs from what was signed fails, and is named."""

import base64
import json
import shutil
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from typer.testing import CliRunner, Result

from cmk_check.cli import app
from cmk_check.evidence.manifest import MANIFEST, REQUIRED, SIGNATURE
from tests.unit.evidence.bundle_kit import (
    KINDS,
    NOW,
    SOURCE,
    TENANT,
    Bundles,
    private_key,
    private_pem,
    public_pem,
)


def test_an_unchanged_bundle_is_verified(bundles: Bundles) -> None:
    """The answer says what was signed, for whom and for when."""
    bundle = bundles.make()

    result = bundles.verify(bundle)

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        f"{bundle}: signed, complete and unchanged (6 files)",
        f"  app: https://app.example, management group none, tenants {TENANT}",
        "  period: 2026-11-01T00:00:00Z to 2026-11-25T02:40:00Z",
        "  as of: 2026-11-25T02:40:00Z",
        "  exported: 2026-11-25T02:40:00Z by ada@contoso.example, cmk-check 0.1.0, rule version 1",
        "  chain: it is the first bundle",
    ]


def test_without_a_key_only_a_bundle_that_nobody_signed_is_checked(bundles: Bundles) -> None:
    """Its files can be compared with the manifest, but no script must take that for a proof."""
    bundle, chained = bundles.make(), bundles.make("chained")
    signed = _verify(bundle)
    (bundle / SIGNATURE).unlink()
    (chained / SIGNATURE).unlink()

    unsigned, chain = _verify(bundle), _verify(bundle, chained)
    (bundle / "scans.json").write_text("[]")
    changed = _verify(bundle)

    assert [each.exit_code for each in (signed, unsigned, chain, changed)] == [2, 3, 2, 1]
    assert "provide the public key with --key" in signed.stderr
    assert "provide the public key with --key" in chain.stderr
    assert unsigned.stdout.startswith(f"{bundle}: not signed; complete, and as in MANIFEST.json ")
    assert "scans.json was changed" in changed.stderr


def _verify(*bundles: Path) -> Result:
    return CliRunner().invoke(app, ["verify", *map(str, bundles)])


def _link(file: Path) -> None:
    """Put a link to a file in its place."""
    elsewhere = shutil.move(file, file.parent.parent)
    file.symlink_to(elsewhere)


@pytest.mark.parametrize("name", sorted(REQUIRED | {MANIFEST, SIGNATURE}))
def test_any_changed_byte_is_noticed(bundles: Bundles, name: str) -> None:
    """One byte is enough, also in the manifest and in what surrounds the signature."""
    file = bundles.make() / name
    data = file.read_bytes()

    for place in range(0, len(data), len(data) // 20 + 1):
        file.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        result = bundles.verify(file.parent)
        assert result.exit_code == 1, place
        assert name in result.stderr
    file.write_bytes(data + b"\n")
    assert bundles.verify(file.parent).exit_code == 1


@pytest.mark.parametrize(
    ("name", "act", "fault"),
    [
        ("scans.json", Path.unlink, "scans.json is missing"),
        (MANIFEST, Path.unlink, "MANIFEST.json cannot be read"),
        (SIGNATURE, Path.unlink, "the bundle is not signed"),
        (".hidden", Path.touch, ".hidden was added"),
        ("folder", Path.mkdir, "folder was added"),
        ("a\x1b[2Jb", Path.touch, "x1b[2Jb was added"),
        *(
            (name, _link, f"{name} must be a file")
            for name in ("findings.csv", MANIFEST, SIGNATURE)
        ),
    ],
)
def test_what_was_removed_added_or_linked_is_named(
    bundles: Bundles, name: str, act: Callable[[Path], object], fault: str
) -> None:
    """A reader would take it for evidence; and what a link leads to can change after the check."""
    bundle = bundles.make()
    act(bundle / name)

    result = bundles.verify(bundle)

    assert (result.exit_code, result.stdout) == (1, "")
    assert fault in result.stderr
    assert "\x1b" not in result.stderr


def test_another_key_does_not_confirm(bundles: Bundles) -> None:
    """Of the same kind or of another one."""
    bundle = bundles.make()

    for data in (public_pem("p256", 1), public_pem("rsa"), public_pem("p384")):
        result = bundles.verify(bundle, key=bundles.key("other.pem", data))
        assert result.exit_code == 1
        assert "was not signed by this key" in result.stderr


def test_a_key_in_the_folder_is_not_trusted(bundles: Bundles) -> None:
    """Who changed the bundle would have put it there; a link to it is the same file."""
    bundle = bundles.make()
    inside = bundle / "key.pem"
    inside.write_bytes(public_pem("p256"))
    link = bundles.folder / "link.pem"
    link.symlink_to(inside)

    for key in (inside, link):
        result = bundles.verify(bundle, key=key)
        assert result.exit_code == 2
        assert "get the key from its owner" in result.stderr


def _jwk(kind: str, key: Any) -> Any:  # noqa: ANN401 - a key of either kind, and JSON
    return (RSAAlgorithm if kind == "rsa" else ECAlgorithm).to_jwk(key, as_dict=True)


@pytest.mark.parametrize("kind", KINDS)
def test_the_key_may_be_a_jwk(bundles: Bundles, kind: str) -> None:
    """Alone, or as Key Vault shows a key, whose type it may name by the hardware."""
    bundle = bundles.make(kind=kind)
    jwk = _jwk(kind, private_key(kind, 0).public_key())
    shown = {"key": {**jwk, "kty": f"{jwk['kty']}-HSM", "kid": "https://kv/keys/a/1"}}

    for document in (jwk, shown):
        key = bundles.key("key.jwk", json.dumps(document).encode())
        assert bundles.verify(bundle, key=key).exit_code == 0


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"nothing", "must be a public key"),
        (b"[]", "must be a public key"),
        (b'{"kty": 1}', "must be a public key"),
        (private_pem("p256"), "must be a public key"),
        (b'{"kty": "oct", "k": "AAAA"}', "must be"),
        (json.dumps(_jwk("p256", private_key("p256", 0))).encode(), "contains a private key"),
        (None, "cannot be read"),
    ],
)
def test_what_is_not_a_public_key_is_refused(
    bundles: Bundles, data: bytes | None, message: str
) -> None:
    """Nothing is verified by it, so the exit code says that the call was wrong."""
    key = bundles.folder / "missing.pem" if data is None else bundles.key("odd", data)

    result = bundles.verify(bundles.make(), key=key)

    assert result.exit_code == 2
    assert message in result.stderr


def test_each_bundle_of_a_chain_continues_the_one_before(bundles: Bundles) -> None:
    """A bundle that is left out, or put elsewhere, breaks the chain."""
    first = bundles.make("first")
    second = bundles.make("second", after=first)
    third = bundles.make("third", after=second)

    assert bundles.verify(first, second, third).exit_code == 0
    assert "must be" in bundles.verify(second, third).stdout  # which one comes before it
    assert f"{MANIFEST} must be the folder" in bundles.verify(first / MANIFEST).stderr
    for broken in ((first, third), (second, first), (first, second, second)):
        result = bundles.verify(*broken)
        assert result.exit_code == 1
        assert f"{broken[-1]}: {MANIFEST} does not continue" in result.stderr


def _other(**fields: object) -> dict[str, Any]:
    return {"source": SOURCE.model_copy(update=fields)}


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (
            {"since": NOW + timedelta(days=30), "at": NOW + timedelta(days=60)},
            "does not cover the time from 2026-11-25T02:40:00Z",
        ),
        ({"at": NOW - timedelta(days=2), "exported": NOW}, "is from an earlier time"),
        ({"exported": NOW - timedelta(days=2)}, "is from an earlier time"),
        (_other(url="https://other.example"), "another app: https://other.example instead of "),
        (_other(management_group="mg"), "another management group: mg instead of none"),
        (_other(tenants=("another",)), f"other tenants: another instead of {TENANT}"),
        # The app's identity may have got access to another one.
        (
            _other(tenants=(TENANT, "another")),
            f"changed: tenants {TENANT}, another instead of {TENANT}",
        ),
    ],
    ids=[
        *("a month is missing", "an earlier period", "exported earlier"),
        *("app", "management group", "tenants", "a tenant more"),
    ],
)
def test_a_chain_leaves_out_no_time_and_is_of_one_estate(
    bundles: Bundles, change: dict[str, Any], fault: str
) -> None:
    """Whoever signs could leave out the month, or the app, that looks bad."""
    first = bundles.make("first")

    result = bundles.verify(first, bundles.make("second", after=first, **change))

    breaks = not fault.startswith("changed: ")
    assert result.exit_code == int(breaks)
    assert fault in (result.stderr if breaks else result.stdout)


@pytest.mark.parametrize(
    ("number", "what_to_do"),
    [(1, "export it again"), (2, "export it again"), (4, "the version of cmk-check that wrote it")],
)
def test_another_format_is_refused_whatever_else_the_manifest_says(
    bundles: Bundles, number: int, what_to_do: str
) -> None:
    """P1: nothing in it means what it means today, so the reader must not look for a fault."""
    bundle = bundles.make()
    text = (bundle / MANIFEST).read_text()
    for changed in (text, text.replace('"url"', '"address"')):
        (bundle / MANIFEST).write_text(changed.replace('"format": 3,', f'"format": {number},'))
        bundles.sign(bundle)

        result = bundles.verify(bundle)

        assert (result.exit_code, result.stdout) == (1, "")
        assert f"has format {number}" in result.stderr
        assert what_to_do in result.stderr


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ('"scans.json"', '"scans-1.json"', "scans.json is missing in MANIFEST.json"),
        ('"scans.json"', '"../x.json"', "must be the plain name of a file in the bundle"),
        ('"scans.json"', '"MANIFEST.json"', "must be the plain name of a file in the bundle"),
        ('"format": 3,', "", "must be exactly as cmk-check wrote it"),
        ('"since": "2026-11-01T00:00:00Z"', '"since": null', "period.since"),
        # Of a name that occurs twice, some parsers take the first and others the last.
        ('"format": 3,', '"format": 3, "format": 3,', "must be exactly as cmk-check wrote it"),
        ('"tenants"', '"\\u001b[2J": 1, "tenants"', "source.\\x1b[2J"),
    ],
)
def test_what_its_signer_altered_is_no_evidence(
    bundles: Bundles, before: str, after: str, fault: str
) -> None:
    """Whoever has the key can sign half of an export, or what can be read in two ways."""
    bundle = bundles.make()
    path = bundle / MANIFEST
    text = path.read_text()
    path.write_text(text.replace(before, after))
    bundles.sign(bundle)

    result = bundles.verify(bundle)

    assert before in text
    assert result.exit_code == 1
    assert fault in result.stderr


def test_a_further_signature_is_refused(bundles: Bundles) -> None:
    """A reader who looks for that of another signer would find one, which nobody has checked."""
    bundle = bundles.make()
    path = bundle / SIGNATURE
    envelope = json.loads(path.read_text())
    envelope["signatures"].append({**envelope["signatures"][0], "keyid": "of-somebody"})
    path.write_text(f"{json.dumps(envelope, indent=2)}\n")

    result = bundles.verify(bundle)

    assert result.exit_code == 1
    assert "with one signature" in result.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_openssl_confirms_the_envelope(bundles: Bundles, kind: str, tmp_path: Path) -> None:
    """Nobody has to trust this program to check what it signed."""
    bundle = bundles.make(kind=kind)
    envelope = json.loads((bundle / SIGNATURE).read_text())
    payload = base64.b64decode(envelope["payload"])
    kind_of = envelope["payloadType"].encode()
    pae = b"DSSEv1 %d %s %d %s" % (len(kind_of), kind_of, len(payload), payload)
    (tmp_path / "sig").write_bytes(base64.b64decode(envelope["signatures"][0]["sig"]))
    key = bundles.key("public.pem", public_pem(kind))
    digest = {"p384": "-sha384", "p521": "-sha512"}.get(kind, "-sha256")
    pss = ["-sigopt", "rsa_padding_mode:pss"] if kind == "rsa" else []

    def confirmed(data: bytes) -> bool:
        command = ["openssl", "dgst", digest, *pss, "-verify", str(key), "-signature"]
        command.append(str(tmp_path / "sig"))
        return subprocess.run(command, input=data, capture_output=True, check=False).returncode == 0

    assert json.loads(payload)["subject"][0]["name"] == MANIFEST
    assert confirmed(pae)
    assert not confirmed(pae + b" ")
