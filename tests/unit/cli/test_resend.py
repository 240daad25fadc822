"""The command ``resend``: what it sends to the app, and what it says."""

import pytest
from typer.testing import CliRunner, Result

from cmk_check.cli import app
from tests.unit.evidence.test_evidence_command import LocalApp

KEY = "the-key-for-starting"


def _resend(url: str, *options: str, key: str = KEY) -> Result:
    return CliRunner().invoke(
        app, ["resend", "--url", url, "--key-file", "-", *options], input=f"{key}\n"
    )


def test_it_asks_once_with_the_key_for_starting() -> None:
    """A request that was repeated would repeat all alerts."""
    with (served := LocalApp(202)).running():
        result = _resend(served.url, "--from", "8", "--to", "3007")

    assert (result.exit_code, result.stdout) == (0, "queued: changes 8 to 3007\n")
    assert served.asked == ["/api/scan/resend?from=8&to=3007"]
    assert served.keys == {KEY}


@pytest.mark.parametrize(
    ("status", "code", "text"),
    [
        (401, "", "use a valid key of the function scan_now"),
        (404, "NotFound", "check that --url is the address of cmk_check"),
        (409, "NotResent", "set CMK_WEBHOOK_URL or CMK_ROUTES, and use numbers of published"),
        (503, "NewerVersionNeeded", "deploy the newer version of cmk_check again."),
        (503, "StorageUnavailable", "try again later"),
        (200, "", "look at the app's log"),
    ],
)
def test_what_was_not_queued_is_an_error(status: int, code: str, text: str) -> None:
    """And is not tried again: the app may have queued a part."""
    body = f'{{"error": {{"code": "{code}", "message": "{KEY}"}}}}'
    with (served := LocalApp(status, body.encode())).running():
        result = _resend(served.url, "--from", "1", "--to", "2")

    assert (result.exit_code, len(served.asked)) == (3, 1)
    assert result.stderr.startswith("cmk-check: the changes are not all queued: 127.0.0.1:")
    assert text in result.stderr
    assert KEY not in result.output
