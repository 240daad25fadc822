"""The command line. Each command is a module in this package, registered here.

Commands import heavy packages inside their functions: ``explain`` needs no Azure package and no
settings, and ``--help`` is fast.
"""

import sys
from typing import Final

try:
    import typer
except ModuleNotFoundError:
    # The console script imports this package, so this is the only place for the message.
    print(
        "The command line needs the extra named cli. In the project's folder, run one of: "
        "pipx install '.[cli]', uvx --from '.[cli]' cmk-check, pip install '.[cli]'",
        file=sys.stderr,
    )
    sys.exit(2)

from cmk_check.cli import doctor, explain, plan, scan, send_test_alert

app: Final = typer.Typer(
    name="cmk-check",
    help="Check which Azure OpenAI accounts are encrypted with a customer-managed key.",
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
