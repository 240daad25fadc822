"""The command line. Each command is a module beside this one, registered here.

A command imports what is heavy inside its function: ``explain`` needs no Azure package and no
settings, and every ``--help`` answers at once.
"""

import sys
from typing import Final

try:
    import typer
except ModuleNotFoundError:
    # The console script imports this package, so that there is no later moment to say it.
    print(
        "The command line needs its extra. In the project's folder: pipx install '.[cli]', "
        "or uvx --from '.[cli]' cmk-check, or pip install '.[cli]'",
        file=sys.stderr,
    )
    sys.exit(2)

from cmk_check.cli import doctor, explain, plan, scan, send_test_alert

app: Final = typer.Typer(
    name="cmk-check",
    help="Tell which Azure OpenAI accounts are encrypted with a customer-managed key.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # help as plain text, the same in every terminal
    pretty_exceptions_enable=False,
)
app.command()(scan.scan)
app.command()(explain.explain)
app.command()(plan.plan)
app.command()(doctor.doctor)
app.command()(send_test_alert.send_test_alert)
