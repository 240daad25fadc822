"""``scan``: runs one scan on a laptop or in a pipeline, in memory or into the app's tables."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from cmk_check.cli.exit_codes import ended, leave_at_once
from cmk_check.cli.output_options import Format, OutputOptions
from cmk_check.core.text import is_guid

if TYPE_CHECKING:
    from cmk_check.config.settings import Settings


def scan(  # noqa: PLR0913 - an argument for each option
    subscription: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="Read only this subscription; can be repeated."),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Record in the app's tables: https://<account>.table.core.windows.net, or "
            "Azurite's connection string. Without it, everything stays in memory.",
        ),
    ] = None,
    output: Annotated[
        Format, typer.Option("--format", help="The format of the result.")
    ] = Format.TABLE,
    *,
    change_scope: Annotated[
        bool,
        typer.Option(
            "--change-scope",
            help="With --store: scan although the settings choose other kinds or subscriptions "
            "than the last scan there; findings outside the new scope are removed.",
        ),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Show only the result, no progress or notes.")
    ] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="Do not use colours.")] = False,
) -> None:
    """Scan the estate once and show which accounts are not under a customer-managed key.

    Signs in with azure-identity: a managed identity, a pipeline's service principal or workload
    identity, or `az login`. All other settings come from the environment, as for the app
    (CMK_KINDS, CMK_EXCLUDE_SUBSCRIPTIONS, ...).

    Exit codes: 1 if any account is non_compliant; otherwise 3 if any account is unknown, any
    subscription could not be read or the scan failed; otherwise 0. 2 if an option or a setting is
    invalid. 130 after Ctrl-C, which prints the results so far. With CMK_REQUIRE_HEALTHY_KEYS=on, an
    account with a broken key counts as non_compliant, and one with an unknown key as unknown.
    """
    only = _ids(subscription or ())
    if only and store is not None:
        # The scan would record the others as excluded and remove their findings.
        raise typer.BadParameter(
            "must not be used with --store: the app's tables hold the whole estate",
            param_hint="--subscription",
        )
    options = OutputOptions(output, quiet, not no_color)
    if change_scope and store is None:
        raise typer.BadParameter("must be used with --store", param_hint="--change-scope")
    raise typer.Exit(
        ended(
            lambda: _run(_settings(store, only), options, change_scope=change_scope),
            "the scan did not finish",
        )
    )


def _run(settings: "Settings", options: OutputOptions, *, change_scope: bool) -> int:
    """Scan; return the exit code."""
    import asyncio

    from cmk_check.cli.scan_report import scan_and_report

    with asyncio.Runner() as runner:
        try:
            return runner.run(scan_and_report(settings, options, change_scope=change_scope))
        except KeyboardInterrupt:
            leave_at_once()  # the runner would wait for tasks that wait for the store


def _settings(store: str | None, only: Sequence[str]) -> "Settings":
    from cmk_check.config.settings import Settings
    from cmk_check.errors import SettingsError

    settings = Settings.load_for_scan(store, only)
    if left_out := sorted(settings.exclude.intersection(only)):
        # It would not be read, and the result could still be compliant.
        why = f"must not name {', '.join(left_out)}, which CMK_EXCLUDE_SUBSCRIPTIONS excludes"
        raise SettingsError([("--subscription", why)])
    return settings


def _ids(given: Sequence[str]) -> list[str]:
    for text in given:
        if not is_guid(text.strip()):
            raise typer.BadParameter(
                "must be a subscription id like 00000000-0000-0000-0000-000000000000",
                param_hint="--subscription",
            )
    return [text.strip().lower() for text in given]
