"""``send-test-alert``: sends a test alert to the webhook."""

from typing import Annotated

from cmk_check.cli.exit_codes import command
from cmk_check.cli.options import option
from cmk_check.cli.stdout import write


@command("the test alert was not accepted")
async def send_test_alert(
    route: Annotated[str | None, option("send_test_alert.route")] = None,
) -> int:
    """Send a change marked as a test to the webhook or a route in the settings.

    Reads the same environment as the app, but needs no storage. Prints what was sent, the host and
    its response.

    Exit codes: 0 if the receiver accepted it, 3 if not, 2 if a setting is invalid or the output
    cannot be written.
    """
    from cmk_check.alerts.sample_alert import send_sample
    from cmk_check.config.settings import Settings

    write(await send_sample(Settings.load_for_scan(), route))
    return 0
