"""``scan``: runs one scan on a laptop or in a pipeline, in memory or into the app's tables."""

from typing import Annotated, Any, Final

from cmk_check.cli import output_options as opt
from cmk_check.cli.exit_codes import command
from cmk_check.cli.options import choice, option, refuse
from cmk_check.cli.scan_settings import warn_of_settings
from cmk_check.cli.subscription_names import parse_subscriptions

_STATES: Final = ("non_compliant", "unknown", "compliant", "broken", "at_risk")
_COLUMNS: Final = ("account", "reason", "owner", "subscription", "created")
FailOnList = Annotated[Any, choice("output.fail_on", opt.FailOn, many=True, always="A failed scan")]
OnlyRows = Annotated[Any, choice("output.only", _STATES, many=True)]
SortRows = Annotated[Any, choice("output.sort", _COLUMNS)]


@command("the scan did not finish")
async def scan(  # noqa: PLR0913 - an argument for each option
    *,
    subscription: Annotated[list[str] | None, option("scan.subscription")] = None,
    store: Annotated[str | None, option("scan.store")] = None,
    result_format: Annotated[opt.Format, choice("output.format", opt.Format)] = opt.Format.TABLE,
    output: opt.Output = None,
    fail_on: FailOnList = opt.DEFAULT_CAUSES,
    since: opt.Since = None,
    limit: opt.Limit = None,
    only: OnlyRows = None,
    sort: SortRows = None,
    change_scope: Annotated[bool, option("scan.change_scope")] = False,
    as_json: Annotated[bool, option("scan.json")] = False,
    exit_zero: opt.ExitZero = False,
    quiet: opt.Quiet = False,
    no_color: opt.NoColor = False,
    _debug: opt.Debug = False,
) -> int:
    """Scan the estate once and show which accounts are not encrypted with a customer-managed key.

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
    subscriptions = parse_subscriptions(subscription)
    only_all = "must not be used with --subscription: only"
    is_other = result_format not in {opt.Format.TABLE, opt.Format.JSON}
    changes = f"{only_all} a scan of everything changes the scope"
    refuse(
        ("--json", "must be used without --format", as_json and is_other),
        ("--change-scope", changes, subscriptions and change_scope),
        ("--since", f"{only_all} scans of everything are compared", subscriptions and since),
        ("--change-scope", "must be used with --store", change_scope and store is None),
    )
    result_format = opt.Format.JSON if as_json else result_format
    rows = limit, only, sort
    options = opt.OutputOptions(
        result_format, quiet, not no_color, output, fail_on, subscriptions, since, exit_zero, *rows
    ).check_options()
    warn_of_settings()
    from cmk_check.cli.scan_report import scan_and_report

    return await scan_and_report(store, options, change_scope=change_scope)
