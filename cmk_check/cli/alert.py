"""``send-test-alert``: a try of the webhook."""

import typer

from cmk_check.cli.exits import INTERRUPTED, UNKNOWN, USAGE, complain


def send_test_alert() -> None:
    """Send a change that is marked as a test to the webhook that the settings name.

    Reads the same environment as the app, but needs no storage. Prints what was sent to which host,
    and what it answered.

    Exits with 0 if it was taken, with 3 if not; with 2 if the settings are not valid, naming all.
    """
    import asyncio

    from cmk_check.alerts.trial import send_trial
    from cmk_check.errors import DeliveryFailed, SettingsError
    from cmk_check.settings import Settings

    try:
        settings = Settings.load(for_webhook=True)
        print(asyncio.run(send_trial(settings)))
    except SettingsError as error:
        for name, fault in error.faults:
            complain(f"{name} {fault}.")
        raise typer.Exit(USAGE) from None
    except DeliveryFailed as error:
        complain(f"the test alert was not taken: {error}")
        raise typer.Exit(UNKNOWN) from None
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
