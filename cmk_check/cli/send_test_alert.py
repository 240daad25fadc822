"""``send-test-alert``: a try of the webhook."""

import typer

from cmk_check.cli.exit_codes import ended


def send_test_alert() -> None:
    """Send a change that is marked as a test to the webhook that the settings name.

    Reads the same environment as the app, but needs no storage. Prints what was sent to which host,
    and what it answered.

    Exits with 0 if it was taken, with 3 if not; with 2 if the settings are not valid, naming all.
    """
    raise typer.Exit(ended(_send, "the test alert was not taken"))


def _send() -> int:
    """Send it; return the exit code."""
    import asyncio

    from cmk_check.alerts.sample_alert import send_sample
    from cmk_check.config.settings import Settings

    print(asyncio.run(send_sample(Settings.load(for_webhook=True))))
    return 0
