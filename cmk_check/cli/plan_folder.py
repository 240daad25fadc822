"""``plan --out``: scans the estate and writes a folder of plans, which ``run.sh`` runs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from cmk_check.cli.exit_codes import UNKNOWN, VIOLATED, WRITTEN, complain
from cmk_check.cli.plan_index import render_json, render_markdown
from cmk_check.cli.plans_of_scan import PlanChoice, Plans, get_owner, plan_accounts, scan_for_plans
from cmk_check.cli.subscription_names import find_similar_names
from cmk_check.cli.whole_output import make_working_folder, publish, write_elsewhere
from cmk_check.config.settings import Settings
from cmk_check.core.remediation.az_script import LITERAL_NAMES, NOT_YET, quote_for_bash, render_az
from cmk_check.core.text import escape_invisible, format_count
from cmk_check.core.text_files import fill_part, read_text
from cmk_check.errors import NotUsable
from cmk_check.limits import SWITCH_ON_ATTEMPTS
from cmk_check.scan.scan_context import ScanContext

_LEAVING: Final = (
    "printf '%s\\n' 'These plans do not fix all problems of their accounts; index.md lists "
    "the rest:'\n"
)


async def report_folder(
    context: ScanContext, settings: Settings, choice: PlanChoice, out: Path
) -> int:
    """Scan in this context with an empty store, write the folder, and return the exit code.

    Raises:
        NotUsable: the folder cannot be written.
    """
    by_option = bool(choice.subscriptions)
    scanned = await scan_for_plans(context, settings, "folder", by_option=by_option)
    if isinstance(scanned, int):
        return scanned
    plans = plan_accounts(scanned, choice)
    is_about_accounts = (
        plans.planned or plans.compliant or any(each.what == "account" for each in plans.without)
    )
    if choice.owner is not None and not is_about_accounts:
        owners = (get_owner(finding) for finding, _ in scanned.collected.accounts)
        close = find_similar_names(choice.owner, filter(None, owners))
        hint = f"; similar owners: {', '.join(close)}" if close else ""
        complain(
            escape_invisible(
                f"no account has the owner {choice.owner}{hint}. No folder was written."
            )
        )
        return UNKNOWN
    write_folder(out, dict(_files(plans)))
    WRITTEN.code = _report(plans, out)
    return WRITTEN.code


def _files(plans: Plans) -> Iterator[tuple[str, str]]:
    planned = plans.planned
    yield "index.json", render_json(plans)
    yield "index.md", render_markdown(plans)
    for account in planned:
        yield account.file, render_az(account.plan)
    if planned:
        to_run = [
            (
                account.file,
                escape_invisible(f"{account.finding.name} in {account.finding.resource_group}"),
            )
            for account in planned
        ]
        leaving = [account.file for account in planned if account.plan.left]
        uncovered = sum(account.problem.accepted is None for account in plans.without)
        warning = next(filter(None, (account.plan.warning for account in planned)), "")
        yield "run.sh", render_run(to_run, leaving, uncovered, warning)


def render_run(
    plans: Iterable[tuple[str, str]],
    leaving: Sequence[str] = (),
    without: int = 0,
    warning: str = "",
) -> str:
    """Return a script that runs plans in order; each is a file with a text about its account.

    A new grant takes effect only after minutes. For this reason the first round tries once to
    encrypt each account, and a second round waits for the accounts that Azure refused. In the
    second round, most grants have taken effect. The script runs in the bash 3.2 of macOS. Names are
    untrusted text, so each name is quoted.

    Files are relative to the script's folder. The account's text is printed unchanged, so the
    caller must escape names that could control a terminal. ``leaving`` are the files of plans that
    do not fix every problem, which the script lists at its end. ``without`` is the number of
    problems without a plan. Before the first plan, the script prints ``warning`` and asks, unless
    it is "".
    """
    values = {
        "LITERAL_NAMES": LITERAL_NAMES,
        "PLANS": "\n".join(
            f"  {quote_for_bash(file)} {quote_for_bash(account)}" for file, account in plans
        ),
        "TRIES": f"${{PLAN_TRIES:-{SWITCH_ON_ATTEMPTS}}}",
        "NOT_YET": f"'{NOT_YET}'",
        "WITHOUT_PLAN": str(without),
        "TERRAFORM_WARNING": quote_for_bash(warning),
    }
    script = fill_part({"run": read_text(__package__, "run.sh")}, "run", values)
    names = "".join(f"printf '  %s\\n' {quote_for_bash(file)}\n" for file in leaving)
    return "".join([script, _LEAVING if names else "", names, "summary\n"])


def write_folder(out: Path, files: Mapping[str, str]) -> None:
    """Write a new folder, complete or not at all. If writing fails, write a temporary folder.

    Raises:
        NotUsable: ``out`` was created meanwhile, or the folder cannot be written.

    """
    try:
        _write(out, files)
    except NotUsable as error:
        with write_elsewhere(error, "plans", "The plans are") as place:
            _write(place, files)


def _write(out: Path, files: Mapping[str, str]) -> None:
    with make_working_folder(out) as folder:
        made = folder / "plans"
        for name, text in files.items():
            file = made / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch(0o700 if file.suffix == ".sh" else 0o600)
            file.write_bytes(text.encode(errors="replace"))
        publish(made, out)


def _report(plans: Plans, out: Path) -> int:
    planned, without = plans.planned, len(plans.without)
    place = escape_invisible(str(out))
    complain(f"{format_count(len(planned), 'plan')} in {place}; read {place}/index.md first.")
    if note := plans.sharing_note:
        complain(f"--share-vault: {note}")
    if without:
        complain(f"{format_count(without, 'problem')} without a plan; {place}/index.md shows why.")
    if planned:
        complain(f"to run them all: bash {place}/run.sh")
        return VIOLATED
    return UNKNOWN if any(each.problem.accepted is None for each in plans.without) else 0
