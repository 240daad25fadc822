"""``scan``: runs one scan on a laptop or in a pipeline, in memory or into the app's tables."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cmk_check.cli.debug import Debug
from cmk_check.cli.exit_codes import complain, ended, run
from cmk_check.cli.output_options import (
    FAIL_ON,
    FailOn,
    Format,
    OutputOptions,
    complete_list,
    format_option,
)
from cmk_check.cli.stdout import unfinished_file
from cmk_check.cli.subscription_names import find_ids, given_subscriptions
from cmk_check.core.enums import Disposition, ExceptionMode
from cmk_check.core.scope import Scope
from cmk_check.errors import NotUsable

if TYPE_CHECKING:
    from cmk_check.config.settings import Settings


def scan(  # noqa: PLR0913 - an argument for each option
    subscription: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID|NAME",
            help="Read only this subscription; can be repeated. With --store: a partial scan of "
            "the app's estate.",
        ),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Record in the app's tables: https://<account>.table.core.windows.net, or "
            "Azurite's connection string. Without it, everything stays in memory.",
        ),
    ] = None,
    result_format: Annotated[
        Format, format_option(Format, "The format of the result.")
    ] = Format.TABLE,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the result to this file instead of standard output, complete or not at "
            "all.",
        ),
    ] = None,
    fail_on: Annotated[
        str,
        typer.Option(
            metavar="CAUSE,...",
            help="What makes the exit code 1 or 3: non_compliant, unknown, broken_key, excepted. A "
            "failed scan always does.",
            autocompletion=complete_list(FailOn),
        ),
    ] = ",".join(FAIL_ON),
    *,
    change_scope: Annotated[
        bool,
        typer.Option(
            "--change-scope",
            help="With --store: scan even if the settings select other kinds, subscriptions or "
            "rules for exceptions than the last scan there; findings outside the new scope are "
            "removed.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Short for --format json.")] = False,
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet",
            "-q",
            help="Show only the result and warnings about settings, no progress or notes.",
        ),
    ] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="Do not use colours.")] = False,
    _debug: Debug = False,
) -> None:
    """Scan the estate once and show which accounts are not under a customer-managed key.

    Signs in with azure-identity: a managed identity, a pipeline's service principal or workload
    identity, or `az login`. All other settings come from the environment, as for the app
    (CMK_KINDS, CMK_EXCLUDE_SUBSCRIPTIONS, ...).

    Exit codes: 1 if any account is non_compliant; otherwise 3 if any account is unknown, any
    subscription could not be read or the scan failed; otherwise 0. 2 if an option or a setting is
    invalid, or the result cannot be written. 130 after Ctrl-C and 143 after SIGTERM, which print
    the results so far. With CMK_REQUIRE_HEALTHY_KEYS=on, an account with a broken key counts as
    non_compliant, and an account with a key of unknown health as unknown. With
    CMK_EXCEPTIONS=accept, non_compliant accounts count only if at least one of them has no honoured
    exception.
    """
    if as_json:
        if result_format not in {Format.TABLE, Format.JSON}:
            raise typer.BadParameter("must be used without --format", param_hint="--json")
        result_format = Format.JSON
    only = given_subscriptions(subscription)
    if only and change_scope:
        raise typer.BadParameter(
            "must not be used with --subscription: only a scan of everything changes the scope",
            param_hint="--change-scope",
        )
    options = OutputOptions(
        result_format, quiet, not no_color, _file(output, result_format), _fail_on(fail_on), only
    )
    if change_scope and store is None:
        raise typer.BadParameter("must be used with --store", param_hint="--change-scope")
    warn_of_settings()
    work = partial(_run, store, options, change_scope=change_scope)
    raise typer.Exit(ended(work, "the scan did not finish"))


def _run(store: str | None, options: OutputOptions, *, change_scope: bool) -> int:
    return run(_scan(store, options, change_scope=change_scope))


async def _scan(store: str | None, options: OutputOptions, *, change_scope: bool) -> int:
    from cmk_check.cli.scan_report import scan_and_report
    from cmk_check.config.settings_error import SettingsError

    options = replace(options, subscriptions=await find_ids(options.subscriptions))
    settings = settings_of(store, options.subscriptions)
    if FailOn.BROKEN_KEY in options.fail_on and not settings.key_health:
        # Without key health, no key is read or found broken.
        raise SettingsError([("CMK_KEY_HEALTH", "must be on for --fail-on broken_key")])
    if FailOn.EXCEPTED in options.fail_on and settings.exceptions is ExceptionMode.OFF:
        raise SettingsError([("CMK_EXCEPTIONS", "must be show or accept for --fail-on excepted")])
    named = () if store is None else options.subscriptions
    return await scan_and_report(settings, options, change_scope=change_scope, named=named)


def _file(output: Path | None, result_format: Format) -> Path | None:
    """Return the file of the result, checked before a scan of minutes."""
    if output is None and result_format is Format.XLSX and sys.stdout.isatty():
        raise typer.BadParameter(
            "xlsx must be written to a file because a terminal cannot show it: add --output "
            "findings.xlsx",
            param_hint="--format",
        )
    if output is None:
        return None
    if result_format is Format.TABLE and str(output) in set(Format):
        why = f"must be a file; the option for the format is --format {output}"
    elif not output.parent.is_dir():
        why = "must be in an existing folder"
    elif output.exists() and not output.is_file():
        why = "must be a regular file, because it is replaced; use > for a device or pipe"
    else:
        try:
            with unfinished_file(output.resolve()):
                return output
        except NotUsable as error:
            why = str(error)
    raise typer.BadParameter(why, param_hint="--output")


def _fail_on(given: str) -> frozenset[FailOn]:
    names = [name.strip() for name in given.split(",")]
    try:
        return frozenset(map(FailOn, names))
    except ValueError:
        raise typer.BadParameter(
            f"must be a list of {', '.join(FailOn)}, separated by commas", param_hint="--fail-on"
        ) from None


def settings_of(store: str | None, only: Sequence[str]) -> "Settings":
    """Return the settings of a scan of these subscriptions, or of all.

    Raises:
        SettingsError: a setting is invalid, or leaves out one of the subscriptions.

    """
    from cmk_check.config.settings import Settings
    from cmk_check.config.settings_error import SettingsError

    settings = Settings.load_for_scan(store, only if store is None else ())
    scope = Scope(settings.include, settings.exclude)
    left_out = [name for name in only if scope.of_unlisted(name, None) is Disposition.EXCLUDED]
    if left_out:
        # The subscription would not be read, and the result could still be compliant.
        why = (
            f"must not name {', '.join(sorted(left_out))}, which CMK_EXCLUDE_SUBSCRIPTIONS or "
            "CMK_INCLUDE_SUBSCRIPTIONS leaves out"
        )
        raise SettingsError([("--subscription", why)])
    return settings


def warn_of_settings() -> None:
    """Print on standard error which settings are probably mistakes."""
    from cmk_check.config.settings import setting_warnings

    for name, text in setting_warnings().items():
        complain(f"{name} {text}")
