"""Options of ``plan --out`` that do not go together."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cmk_check.cli import app


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["plan", *arguments])


@pytest.mark.parametrize(
    ("arguments", "option", "said"),
    [
        (["--out", "new"], "ACCOUNT", "one of --owner, --unowned, --subscription and --all"),
        (["chat", "--all", "--out", "new"], "ACCOUNT", "one of --owner"),
        (["--all"], "--out", "must name a new folder"),
        (["--all", "--out", "."], "--out", "must be empty, or not exist"),
        (["--all", "--out", "none/new"], "--out", "must be in a folder that exists"),
        (["--all", "--owner", "Ann", "--out", "new"], "--all", "without --owner"),
        (["--all", "--unowned", "--out", "new"], "--all", "without --owner, --unowned"),
        (["--unowned", "--owner", "Ann", "--out", "new"], "--unowned", "without --owner"),
        (["chat", "--unowned", "--out", "new"], "ACCOUNT", "one of --owner"),
        (["--unowned"], "--out", "must name a new folder"),
        (["--subscription", "Prod", "--out", "new"], "--subscription", "a subscription id"),
        (["chat", "--out", "new"], "--out", "must be used with --owner"),
        (["chat", "--share-vault"], "--share-vault", "must be used with --owner"),
        (["--all", "--out", "new", "--share-vault", "--vault", "kv-x"], "--share-vault", "--vault"),
        (["--all", "--out", "new", "--format", "bicep"], "--format", "must be az"),
        (["--all", "--out", "new", "--vault", "kv_x"], "--vault", "a vault is named by"),
    ],
)
def test_options_that_do_not_go_together_are_a_fault_of_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], option: str, said: str
) -> None:
    """Said before a scan of minutes."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other").touch()

    result = _run(*arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert option in result.stderr
    assert said in " ".join(re.sub("[│\n]", " ", result.stderr).split())
    assert [path.name for path in tmp_path.iterdir()] == ["other"]
