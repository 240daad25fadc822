"""``scan``: the whole job once, from a laptop or a pipeline, in memory or into the app's tables."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from cmk_check.cli.exit_codes import ended, leave_at_once
from cmk_check.cli.output_options import Format, OutputOptions
from cmk_check.core.text import is_guid

if TYPE_CHECKING:
    from cmk_check.config.settings import Settings


def scan(
    subscription: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="Read only this subscription; may be given repeatedly."),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Record like the app, in its tables: https://<account>.table.core.windows.net, "
            "or Azurite's connection string. Without it, all stays in memory.",
        ),
    ] = None,
    output: Annotated[
        Format, typer.Option("--format", help="How the result is written.")
    ] = Format.TABLE,
    *,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress and no remarks, only the result.")
    ] = False,
    no_color: Annotated[
        bool, typer.Option("--no-color", help="No colours, whatever the terminal can show.")
    ] = False,
) -> None:
    """Scan the estate once and say which accounts are not under a customer-managed key.

    Signs in as azure-identity finds it: a managed identity, a pipeline's service principal or
    workload identity, `az login`. Everything else is taken from the app's settings (CMK_KINDS,
    CMK_EXCLUDE_SUBSCRIPTIONS, ...) in the environment.

    Exits with 1 if any account is non_compliant, else 3 if any is unknown, any subscription could
    not be read or the scan failed, else 0; with 2 if options or settings are not valid, with 130
    after Ctrl-C, which prints what is known by then. With CMK_REQUIRE_HEALTHY_KEYS=on an account
    whose key is broken counts as non_compliant here, and one whose key is unknown as unknown.
    """
    only = _ids(subscription or ())
    if only and store is not None:
        # The others would be recorded as excluded, and their findings removed.
        raise typer.BadParameter(
            "is for scans in memory: the app's tables hold the whole estate, so that --store "
            "records all of it",
            param_hint="--subscription",
        )
    options = OutputOptions(output, quiet, not no_color)
    raise typer.Exit(ended(lambda: _run(store, only, options), "the scan did not come to its end"))


def _run(store: str | None, only: Sequence[str], options: OutputOptions) -> int:
    """Scan; return the exit code."""
    import asyncio

    from cmk_check.cli.report import scan_and_report

    settings = _settings(store, only)
    with asyncio.Runner() as runner:
        try:
            return runner.run(scan_and_report(settings, options))
        except KeyboardInterrupt:
            leave_at_once()  # before the runner waits for tasks that wait for a store


def _settings(store: str | None, only: Sequence[str]) -> "Settings":
    from cmk_check.config.settings import Settings
    from cmk_check.errors import SettingsError

    settings = Settings.load_for_scan(store, only)
    if left_out := sorted(settings.exclude.intersection(only)):
        # It would not be read, and the others could make the answer a green one.
        why = f"names {', '.join(left_out)}, which CMK_EXCLUDE_SUBSCRIPTIONS leaves out"
        raise SettingsError([("--subscription", why)])
    return settings


def _ids(given: Sequence[str]) -> list[str]:
    for text in given:
        if not is_guid(text.strip()):
            raise typer.BadParameter(
                "is no subscription id; write one like 00000000-0000-0000-0000-000000000000",
                param_hint="--subscription",
            )
    return [text.strip().lower() for text in given]
