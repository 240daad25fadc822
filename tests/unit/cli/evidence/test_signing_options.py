"""Options of `evidence` for signature, chain and an earlier time: what is refused at once."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cmk_check.cli import app
from cmk_check.cli.evidence.as_of import SubscriptionThen, Then, as_of_line
from cmk_check.core.enums import CoverageState
from tests.unit.cli.evidence.bundle_kit import NOW, SOURCE, Bundles


def _refused(folder: Path, *options: str) -> str:
    """Export from where nobody listens, so that what is refused later has another exit code."""
    arguments = ["evidence", "--url", "http://127.0.0.1:9", "--out", str(folder / "out"), *options]
    result = CliRunner().invoke(app, arguments, env={"CMK_API_KEY": "key"})
    assert result.exit_code == 2, result.output
    assert not (folder / "out").exists()
    return " ".join(result.output.replace("│", " ").split())


def test_one_key_signs(tmp_path: Path) -> None:
    """A second signature would be one that nobody checks."""
    both = ("--sign-with", "https://kv.vault.azure.net/keys/a", "--sign-with-file", "a.pem")

    assert "only one key can sign" in _refused(tmp_path, *both)


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "cannot be read"), (b"text", "must be a private key as PEM")],
)
def test_a_file_without_a_key_is_refused(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    """Before a download of minutes."""
    key = tmp_path / "key.pem"
    if content is not None:
        key.write_bytes(content)

    assert message in _refused(tmp_path, "--sign-with-file", str(key))


def test_a_key_of_another_cloud_is_refused(tmp_path: Path) -> None:
    """No token is asked for, and nothing is exported."""
    key = "https://kv.vault.usgovcloudapi.net/keys/a"

    assert "must be the id of a key like" in _refused(tmp_path, "--sign-with", key)


def test_only_a_bundle_can_be_continued(bundles: Bundles) -> None:
    """A chain to something else could not be checked."""
    before = bundles.make()
    manifest = before / "MANIFEST.json"
    manifest.write_bytes(manifest.read_bytes() + b" ")

    assert "MANIFEST.json" in _refused(bundles.folder, "--after", str(before))
    assert "MANIFEST.json" in _refused(bundles.folder, "--after", str(bundles.folder / "nothing"))


def test_a_bundle_of_another_app_or_after_a_gap_is_no_continuation(bundles: Bundles) -> None:
    """What `verify` would say of it in a year is said before a download of minutes."""
    here = SOURCE.model_copy(update={"url": "http://127.0.0.1:9"})
    before = bundles.make("before", source=here)
    other = bundles.make("other")
    late = ("--after", str(before), "--since", "2026-11-26")

    assert "leaves out the time from 2026-11-25T02:40:00Z" in _refused(bundles.folder, *late)
    assert "another app: http://127.0.0.1:9" in _refused(bundles.folder, "--after", str(other))


def test_a_time_to_come_is_refused(tmp_path: Path) -> None:
    """Nothing was recorded then."""
    assert "must be a time in the past" in _refused(tmp_path, "--as-of", "9998-01-01")


def test_the_line_says_what_cannot_be_rebuilt_and_what_differs() -> None:
    """It is what a person reads who does not open the file."""
    subscriptions = (
        SubscriptionThen("a", (), CoverageState.READ),
        SubscriptionThen("b", not_known="a change is missing"),
    )

    assert as_of_line(Then(NOW, subscriptions)) == (
        "as of 2026-11-25T02:40:00Z: 0 accounts of 1 subscriptions; 1 subscriptions cannot be "
        "rebuilt, as-of.json says why; the app keeps no full scan that had finished by then"
    )
