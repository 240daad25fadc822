"""``resend``: lets a deployed app send published changes to its webhook again."""

from typing import Annotated, Final

from cmk_check.cli.app_access import Entra, Url, choose_caller, parse_app_url, sign_in
from cmk_check.cli.exit_codes import command
from cmk_check.cli.options import option, refuse
from cmk_check.cli.output_options import Debug
from cmk_check.cli.stdout import write
from cmk_check.limits import MAX_CHANGES_RESENT

_FUNCTION: Final = "scan_now"


@command("the changes are not all queued")
async def resend(
    url: Url,
    first: Annotated[int, option("resend.first")],
    last: Annotated[int, option("resend.last", {"most": f"{MAX_CHANGES_RESENT:,}"})],
    *,
    key_file: Annotated[str | None, option("app.key_file", {"function": _FUNCTION})] = None,
    entra: Entra = None,
    _debug: Debug = False,
) -> int:
    """Let a deployed app send published changes to its webhook again.

    For changes that a receiver refused for a day: the reason alerts_undelivered of the status has
    their numbers. They keep their ids, so receivers can recognise what they already have. Shows
    nothing of the changes.

    Exit codes: 0 if the app has queued them; 2 if an option is invalid; 3 if the app returned no
    usable response, and they may be queued in part; 130 after Ctrl-C and 143 after SIGTERM.
    """
    must = f"must make 1 to {MAX_CHANGES_RESENT:,} changes, counted from --from"
    refuse(("--to", must, not first <= last < first + MAX_CHANGES_RESENT))
    app, caller = parse_app_url(url), choose_caller(_FUNCTION, key_file, entra)
    async with sign_in(_FUNCTION, app, *caller) as (client, _):
        await client.post("api/scan/resend", {"from": str(first), "to": str(last)})
    write(f"queued: changes {first} to {last}")
    return 0
