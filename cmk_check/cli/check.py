"""``check``: judges accounts in templates, plans and output of ``az``, without Azure."""

import asyncio
import json
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Annotated, Any, Final

from cmk_check.cli import output_options as opt
from cmk_check.cli.bicep import INSTALL, find_bicep, predict
from cmk_check.cli.check_input import (
    Document,
    NotADocument,
    find_files,
    has_schema,
    read_document,
    say_fault,
    say_sources,
)
from cmk_check.cli.check_report import CheckResult, ReportRow, violations
from cmk_check.cli.exit_codes import UNKNOWN, USAGE, VIOLATED, command, complain
from cmk_check.cli.options import choice, option
from cmk_check.cli.scan_settings import load_settings, warn_of_settings
from cmk_check.core.enums import Verdict
from cmk_check.core.planned.account import (
    TOO_LARGE,
    PlannedAccount,
    Row,
    combine_missing_templates,
    judge_loss,
    judge_planned,
)
from cmk_check.core.planned.arm_template import read_prediction, read_template
from cmk_check.core.planned.document import RepeatedName, TooMuchWork, begin_document, brief, member
from cmk_check.core.planned.engine_values import (
    add_doubt,
    parameters_for,
    reads_itself,
    reduce_template,
    refine_rows,
)
from cmk_check.core.planned.existing_accounts import read_accounts
from cmk_check.core.planned.terraform_plan import read_plan
from cmk_check.core.text import clean_text, escape_invisible
from cmk_check.errors import NotUsable

if TYPE_CHECKING:
    from cmk_check.cli.compare_results import Scope

_CAUSES: Final = (opt.FailOn.NON_COMPLIANT, opt.FailOn.UNKNOWN, opt.FailOn.NEW)
_STATES: Final = ("non_compliant", "unknown", "compliant", "loss")
FailOnList = Annotated[Any, choice("output.fail_on", _CAUSES, many=True, always="A loss")]
OnlyRows = Annotated[Any, choice("output.only", _STATES, many=True)]
SortRows = Annotated[Any, choice("output.sort", ("account", "reason"))]
ReportFormat = Annotated[opt.Format, choice("output.format", opt.REPORT_FORMATS)]


@command("the files were not judged")
def check(  # noqa: PLR0913 - an argument for each option
    files: Annotated[list[str], option("check.files")],
    *,
    parameters: Annotated[list[str] | None, option("check.parameters")] = None,
    allow_loss: Annotated[list[str] | None, option("check.allow_loss")] = None,
    result_format: ReportFormat = opt.Format.TABLE,
    output: opt.Output = None,
    fail_on: FailOnList = opt.DEFAULT_CAUSES,
    since: opt.Since = None,
    limit: opt.Limit = None,
    only: OnlyRows = None,
    sort: SortRows = None,
    exit_zero: opt.ExitZero = False,
    quiet: opt.Quiet = False,
    no_color: opt.NoColor = False,
) -> int:
    """Judge the accounts in templates and plans before they exist, by the same rule as a scan.

    Reads compiled ARM templates, Bicep snapshots, and the JSON of what-if and Terraform plans,
    without sign-in or network. An undetermined value makes the account unknown. CMK_KINDS applies.

    Also judges existing accounts in the output of `az cognitiveservices account show` or `list`.

    Exit codes: 2 if an option, a setting or any file cannot be used, or the result cannot be
    written; otherwise 1 if any account is non_compliant, or a Terraform plan deletes one or removes
    its key; otherwise 3 if any is unknown; otherwise 0, also if there is no account.
    """
    rows = limit, only, sort
    options = opt.OutputOptions(
        result_format, quiet, not no_color, output, fail_on, (), since, exit_zero, *rows
    ).check_options()
    warn_of_settings()
    return _check(files, parameters or [], frozenset(allow_loss or ()), options)


def _check(
    names: Sequence[str],
    parameters: Sequence[str],
    allowed: Collection[str],
    options: opt.OutputOptions,
) -> int:
    from cmk_check.cli.compare_results import build_scope, read_earlier
    from cmk_check.cli.console import remarks
    from cmk_check.cli.result_writer import override_exit_code, write_result

    kinds = {kind.lower() for kind in load_settings(None, ()).kinds}
    scope, earlier = build_scope("check", kinds=[*kinds]), None
    if options.since:
        old = partial(violations, when="old")
        earlier = read_earlier(options.since, scope, lambda it: old(it["accounts"]))
    result = _judge_files(names, parameters, allowed, kinds, scope)
    unused = set(allowed) - {row["address"] for row in result.rows if "allowed" in row}
    warnings = [f"--allow-loss {each} is not needed; remove it." for each in sorted(unused)]
    notes = () if options.quiet else [*result.notes.values(), *result.hints]
    for message in (*result.faults, *notes, *warnings):
        complain(escape_invisible(message))
    asyncio.run(write_result(options, partial(result.write, options)))
    verdicts = {row.get("verdict") for row in result.rows}
    if earlier:
        difference = result.compare(earlier)
        difference.show(remarks(color=False), options.limit, quiet=options.quiet)
        if opt.FailOn.NEW in options.fail_on and not difference.new:
            verdicts.discard(Verdict.NON_COMPLIANT)
    if result.faults:
        return USAGE
    if not all(row.get("allowed", True) for row in result.rows):
        return VIOLATED
    failed = verdicts.intersection(options.fail_on)
    code = VIOLATED if Verdict.NON_COMPLIANT in failed else UNKNOWN if failed else 0
    unread = any(row["address"] == TOO_LARGE.address for row in result.rows)
    return override_exit_code(code, UNKNOWN if unread else 0) if options.exit_zero else code


def _judge_files(
    names: Sequence[str],
    parameters: Sequence[str],
    allowed: Collection[str],
    kinds: Collection[str],
    scope: "Scope",
) -> CheckResult:
    matches = {each: find_files(each) for each in names}
    faults = [f"{each}: no JSON file was found." for each, files in matches.items() if not files]
    name_by_file = {file: each for each, files in matches.items() for file in files}
    documents: dict[str, Document] = {}
    for file in (*parameters, *name_by_file):
        begin_document()
        try:
            documents[file] = read_document(file)
        except (NotUsable, TooMuchWork, OSError, ValueError, RecursionError) as error:
            faults.append(say_fault(file, error))
    rows: list[ReportRow] = []
    notes: dict[str, str] = {}
    used = {*parameters}
    for file, document in documents.items():
        if file not in name_by_file or not document.is_judged:
            continue
        own = str(Path(file).with_suffix(".parameters.json"))
        beside = [each for each in documents if each in {*parameters, own} and each != file]
        used |= {*beside}
        values = [documents[each].parameters for each in (file, *beside)]
        try:
            of_file, note = _judge_file(file, document.judged, values, allowed, kinds)
        except (NotUsable, RepeatedName) as error:
            if not isinstance(error, NotADocument) or not Path(name_by_file[file]).is_dir():
                faults.append(say_fault(file, error))
                continue
            of_file, note = [], "ignored, because it is not a template, a plan or an account."
        rows += of_file
        notes |= {file: f"{file}: {note}"} if note else {}
    for file, document in documents.items():
        if file in parameters and document.parameters is None:
            faults.append(f"{file}: this file must be a parameters file.")
        if file not in used and not document.is_judged:
            faults.append(f"{file}: also provide the template for these parameters.")
    return CheckResult([*documents], rows, faults, notes, scope, _hints(names, documents, rows))


def _hints(
    named: Sequence[str], documents: Mapping[str, Document], rows: Sequence[ReportRow]
) -> list[str]:
    left_open = {row["file"] for row in rows if row.get("verdict") == Verdict.UNKNOWN}
    unknown = [each for file, each in documents.items() if Path(file).as_posix() in left_open]
    hints = [*filter(None, map(say_sources, named))]
    if any(is_template(each.judged) for each in unknown) and find_bicep() is None:
        hints.append(f"With Bicep, more accounts could be judged; {INSTALL}.")
    return hints


def _judge_file(
    file: str,
    document: object,
    parameters: Sequence[object],
    allowed: Collection[str],
    kinds: Collection[str],
) -> tuple[list[ReportRow], str | None]:
    """Return the rows of a document, or a note that it has no accounts."""

    def judge(accounts: Sequence[PlannedAccount]) -> list[ReportRow]:
        return [
            _row(file, account, judged, allowed)
            for judge in (judge_planned, judge_loss)
            for account in accounts
            if (judged := judge(account, kinds))
        ]

    begin_document()
    try:
        accounts = _accounts(document, parameters)
        if is_template(document):
            accounts = _more_exact(accounts, document, parameters, kinds)
        rows = judge(combine_missing_templates(accounts))
    except (TooMuchWork, RecursionError):
        accounts, rows = (), judge([TOO_LARGE])
    is_part = member(document, "complete") is False
    but = " but of kinds that CMK_KINDS leaves out" if accounts else ""
    what = "is an incomplete plan and shows" if is_part else "contains"
    return rows, None if rows else f"{what} no account{but}."


def _more_exact(
    accounts: Sequence[PlannedAccount],
    template: object,
    parameters: Sequence[object],
    kinds: Collection[str],
) -> Sequence[PlannedAccount]:
    """Return accounts of a template, with unknown accounts evaluated by Bicep if possible."""
    rows = [judge_planned(each, kinds) for each in accounts]
    if not any(row and row["verdict"] == Verdict.UNKNOWN for row in rows):
        return accounts
    parameter_file, missing = parameters_for(template, parameters)
    secret = f"{token_hex()} "
    asked = json.dumps(reduce_template(template, secret) or template)
    if reads_itself(asked):
        return [add_doubt(each, "an expression reads the deployment itself") for each in accounts]
    try:
        snapshot = predict(asked, parameter_file)
    except NotUsable as error:
        return [add_doubt(each, str(error)) for each in accounts]
    if snapshot is None:
        return accounts
    begin_document()
    return refine_rows(accounts, snapshot, missing, kinds, secret)


def _row(file: str, account: PlannedAccount, judged: Row, allowed: Collection[str]) -> ReportRow:
    path, name = Path(file).as_posix(), getattr(account.name, "text", account.name)
    # None: the account's name is undecided, so it may be another account than before.
    identity = f"{path}#{account.address}#{name}" if isinstance(account.name, str) else None
    address, name = brief(account.address), name if isinstance(name, str) else account.address
    place = {"file": path, "line": account.line, "id": identity, "address": address}
    loss = {} if "verdict" in judged else {"allowed": address in allowed}
    return place | {"name": brief(name)} | judged | loss


def is_template(document: object) -> bool:
    """Return whether a document is an ARM template."""
    return has_schema(document, "deploymentTemplate") and member(document, "resources") is not None


def _accounts(document: object, parameters: Sequence[object]) -> Sequence[PlannedAccount]:
    error = member(document, "error")
    is_done = str(member(document, "status") or "Succeeded").lower() == "succeeded"
    if error or not is_done or member(document, "errored") is True:
        parts = [member(error, each) for each in ("code", "message")]
        why = ": ".join(filter(None, map(clean_text, parts)))
        raise NotUsable(f"the command that wrote this failed ({why or 'no reason given'})")
    if is_template(document):
        return read_template(document, *parameters)
    planned, changes = member(document, "planned_values"), member(document, "resource_changes")
    if planned is not None or changes:
        is_part = member(planned, "root_module") and not changes
        if is_part or not isinstance(changes, list | None):
            raise NotUsable("this plan lacks its resource_changes, so accounts may be missing")
        return read_plan(document)
    prediction = member(document, "properties") or document
    if any(isinstance(member(prediction, it), list) for it in ("predictedResources", "changes")):
        return read_prediction(document)
    if (existing := read_accounts(document)) is not None:
        return existing
    why = "this must be a template, a plan, an account or a list of accounts"
    looks_like_one = member(document, "resources") is not None or has_schema(document, "deployment")
    raise NotUsable(why) if looks_like_one else NotADocument(why)
