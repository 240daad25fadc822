"""``check``: judges accounts in templates, plans and output of ``az``, without Azure."""

import asyncio
import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cmk_check.cli import output_options as opt
from cmk_check.cli.bicep import INSTALL, find_bicep, predict
from cmk_check.cli.check_input import (
    NotADocument,
    find_files,
    has_schema,
    read_document,
    say_failed,
    say_fault,
)
from cmk_check.cli.check_report import CheckResult, ReportRow, read_earlier_check
from cmk_check.cli.exit_codes import UNKNOWN, USAGE, VIOLATED, command, complain
from cmk_check.cli.options import choice
from cmk_check.cli.scan_settings import settings_of, warn_of_settings
from cmk_check.core.enums import Verdict
from cmk_check.core.planned.account import (
    TOO_LARGE,
    PlannedAccount,
    Row,
    judge_loss,
    judge_planned,
    one_row,
)
from cmk_check.core.planned.arm_template import read_prediction, read_template
from cmk_check.core.planned.document import (
    RepeatedName,
    TooMuchWork,
    begin_document,
    brief,
    member,
)
from cmk_check.core.planned.existing_accounts import error_in, read_accounts
from cmk_check.core.planned.terraform_plan import read_plan
from cmk_check.core.planned.worked_out import doubted, focused, more_exact, parameters_for
from cmk_check.core.text import shown
from cmk_check.errors import NotUsable

if TYPE_CHECKING:
    from cmk_check.cli.since import Scope

_CAUSES: Final = (opt.FailOn.NON_COMPLIANT, opt.FailOn.UNKNOWN, opt.FailOn.NEW)
_STATES: Final = ("non_compliant", "unknown", "compliant", "loss")
FailOnList = Annotated[Any, choice("output.fail_on", _CAUSES, many=True, always="A loss")]
OnlyRows = Annotated[Any, choice("output.only", _STATES, many=True)]
SortRows = Annotated[Any, choice("output.sort", ("account", "reason"))]


@command("the files were not judged")
def check(  # noqa: PLR0913 - an argument for each option
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help="JSON files, patterns like 'infra/**/*.json', or folders; - is standard input.",
        ),
    ],
    *,
    parameters: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="A parameters file for the ARM templates; can be repeated. If named after its "
            "template, it can be among the files: main.parameters.json beside main.json.",
        ),
    ] = None,
    allow_loss: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADDRESS",
            help="Accept that a Terraform plan deletes the account with this address, or removes "
            "its key; can be repeated.",
        ),
    ] = None,
    result_format: Annotated[
        opt.Format, choice("output.format", opt.REPORT_FORMATS)
    ] = opt.Format.TABLE,
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
    ).checked()
    warn_of_settings()
    return _check(files, parameters or [], frozenset(allow_loss or ()), options)


def _check(
    named: Sequence[str],
    parameters: Sequence[str],
    allowed: Collection[str],
    options: opt.OutputOptions,
) -> int:
    from cmk_check.cli.console import remarks
    from cmk_check.cli.result_writer import excuse, write_result
    from cmk_check.cli.since import scope_of

    kinds = {kind.lower() for kind in settings_of(None, ()).kinds}
    scope = scope_of("check", kinds=[*kinds])
    earlier = read_earlier_check(options.since, scope) if options.since else None
    result = _judge_files(named, parameters, allowed, kinds, scope)
    unused = set(allowed) - {row["address"] for row in result.rows if "allowed" in row}
    warnings = [f"{each} is not lost; remove --allow-loss." for each in sorted(unused)]
    install = [f"Bicep would work out more; {INSTALL}."] if result.lacks_bicep else []
    notes = () if options.quiet else [*result.notes.values(), *install]
    for message in (*result.faults, *notes, *warnings):
        complain(shown(message))
    asyncio.run(write_result(options, result.writer(options)))
    is_new = True
    if earlier:
        difference = result.compare(earlier)
        difference.show(remarks(color=False), options.limit, quiet=options.quiet)
        is_new = opt.FailOn.NEW not in options.fail_on or bool(difference.new)
    if result.faults:
        return USAGE
    if not all(row.get("allowed", True) for row in result.rows):
        return VIOLATED
    verdicts = {row.get("verdict") for row in result.rows}
    code = UNKNOWN if Verdict.UNKNOWN in verdicts and opt.FailOn.UNKNOWN in options.fail_on else 0
    if Verdict.NON_COMPLIANT in verdicts and is_new and opt.FailOn.NON_COMPLIANT in options.fail_on:
        code = VIOLATED
    unread = any(row["address"] == TOO_LARGE.address for row in result.rows)
    return excuse(code, UNKNOWN if unread else 0) if options.exit_zero else code


def _judge_files(
    named: Sequence[str],
    parameters: Sequence[str],
    allowed: Collection[str],
    kinds: Collection[str],
    scope: "Scope",
) -> CheckResult:
    documents: dict[str, object] = {}
    rows: list[ReportRow] = []
    faults: list[str] = []
    notes: dict[str, str] = {}
    found = {file: each for each in named for file in find_files(each)}
    faults += [f"{each}: no JSON file was found." for each in named if not find_files(each)]
    for file in (*parameters, *found):
        begin_document()
        try:
            documents[file] = read_document(file)
        except (NotUsable, TooMuchWork, OSError, ValueError, RecursionError) as error:
            faults.append(say_fault(file, error))
    given = {file for file, each in documents.items() if has_schema(each, "deploymentParameters")}
    # Parameters that name their template are one with it.
    given -= {each for each in found if getattr(documents.get(each), "template", None)}
    used = {*parameters}
    for file in (each for each in found if each in documents and each not in given):
        own = str(Path(file).with_suffix(".parameters.json"))
        beside = [each for each in documents if each in given & {*parameters, own}]
        used |= {*beside}
        own_template = getattr(documents[file], "template", None)
        sources = [file, *beside] if own_template else beside
        values = [member(documents[each], "parameters") for each in sources]
        try:
            accounts, judged = _judge(own_template or documents[file], values, kinds)
        except (NotUsable, RepeatedName) as error:
            if isinstance(error, NotADocument) and Path(found[file]).is_dir():
                notes[file] = f"{file}: ignored: neither a template, a plan nor an account."
            else:
                faults.append(say_fault(file, error))
            continue
        of_file = [_row(file, each, row) for each, row in judged if row]
        for row in of_file:
            if "verdict" not in row:
                row["allowed"] = row["address"] in allowed
        rows += of_file
        if not of_file:
            is_part = member(documents[file], "complete") is False
            but = f", but {len(accounts)} of kinds that CMK_KINDS leaves out" if accounts else ""
            what = "is an incomplete plan and shows" if is_part else "contains"
            notes[file] = f"{file}: {what} no account{but}."
    faults += [f"{file}: also provide the template of these parameters." for file in given - used]
    faults += [
        f"{each}: must be a parameters file." for each in {*parameters} & {*documents} - given
    ]
    lacks_bicep = _lacks_bicep(documents, rows)
    return CheckResult([*documents], rows, faults, notes, scope, lacks_bicep)


def _lacks_bicep(documents: Mapping[str, object], rows: Sequence[ReportRow]) -> bool:
    """Return whether there is no Bicep, and it may work out more."""
    left_open = {row["file"] for row in rows if row.get("verdict") == Verdict.UNKNOWN}
    unknown = (each for file, each in documents.items() if Path(file).as_posix() in left_open)
    return any(map(is_template, unknown)) and find_bicep() is None


def _judge(
    document: object, parameters: Sequence[object], kinds: Collection[str]
) -> tuple[Sequence[PlannedAccount], list[tuple[PlannedAccount, Row | None]]]:
    """Return the accounts of a document, and each row that says something of one."""
    begin_document()
    try:
        accounts = _accounts(document, parameters)
        if is_template(document):
            accounts = _more_exact(accounts, document, parameters, kinds)
        accounts = one_row(accounts)
        judged = [(each, judge_planned(each, kinds)) for each in accounts]
        return accounts, judged + [(each, judge_loss(each, kinds)) for each in accounts]
    except (TooMuchWork, RecursionError):
        return [TOO_LARGE], [(TOO_LARGE, judge_planned(TOO_LARGE, kinds))]


def _more_exact(
    accounts: Sequence[PlannedAccount],
    template: object,
    parameters: Sequence[object],
    kinds: Collection[str],
) -> Sequence[PlannedAccount]:
    """Return accounts of a template, the unknown ones by Bicep where it can work them out."""
    rows = [judge_planned(each, kinds) for each in accounts]
    if not any(row and row["verdict"] == Verdict.UNKNOWN for row in rows):
        return accounts
    given, missing = parameters_for(template, parameters)
    try:
        snapshot = predict(json.dumps(focused(template) or template), given)
    except NotUsable as error:
        return [doubted(each, str(error)) for each in accounts]
    if snapshot is None:
        return accounts
    begin_document()
    return more_exact(accounts, snapshot, missing, kinds)


def _row(file: str, account: PlannedAccount, said: Mapping[str, str | None]) -> ReportRow:
    name = getattr(account.name, "text", account.name)
    own = {"address": account.address, "name": name if isinstance(name, str) else account.address}
    path = Path(file).as_posix()
    # None: what the account is called is open, so it may be another one than before.
    identity = f"{path}#{account.address}#{name}" if isinstance(account.name, str) else None
    place = {"file": path, "line": account.line, "id": identity}
    return {**place, **{part: brief(text) for part, text in own.items()}, **said}


def is_template(document: object) -> bool:
    """Return whether a document is an ARM template."""
    return has_schema(document, "deploymentTemplate") and member(document, "resources") is not None


def _accounts(document: object, parameters: Sequence[object]) -> Sequence[PlannedAccount]:
    error = error_in(document)
    is_done = str(member(document, "status") or "Succeeded").lower() == "succeeded"
    if error or not is_done or member(document, "errored") is True or member(document, "error"):
        raise NotUsable(say_failed(error))
    if is_template(document):
        return read_template(document, *parameters)
    planned, changes = member(document, "planned_values"), member(document, "resource_changes")
    if planned is not None or changes:
        is_part = member(planned, "root_module") and not changes
        if is_part or not isinstance(changes, list | None):
            raise NotUsable("this plan lacks its resource_changes, so accounts may be missing")
        return read_plan(document)
    answer = member(document, "properties") or document
    if any(isinstance(member(answer, each), list) for each in ("predictedResources", "changes")):
        return read_prediction(document)
    if (existing := read_accounts(document)) is not None:
        return existing
    why = "this is neither a template nor a plan, and no account or list of accounts"
    looks_like_one = member(document, "resources") is not None or has_schema(document, "deployment")
    raise NotUsable(why) if looks_like_one else NotADocument(why)
