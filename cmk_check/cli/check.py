"""``check``: judges accounts in templates, plans and output of ``az``, without Azure."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cmk_check.cli.check_input import has_schema, read_document, say_failed, say_fault
from cmk_check.cli.check_report import ReportRow, write_report
from cmk_check.cli.exit_codes import UNKNOWN, USAGE, VIOLATED, complain, ended
from cmk_check.cli.output_options import ReportFormat, format_option
from cmk_check.cli.scan import settings_of, warn_of_settings
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
from cmk_check.core.text import shown
from cmk_check.errors import NotUsable


def check(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="JSON files; - is standard input.")
    ],
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
        ReportFormat, format_option(ReportFormat, "The format of the result.")
    ] = ReportFormat.TABLE,
) -> None:
    """Judge the accounts in templates and plans before they exist, by the same rule as a scan.

    Reads compiled ARM templates, Bicep snapshots, and the JSON of what-if and Terraform plans,
    without sign-in or network. An undetermined value makes the account unknown. CMK_KINDS applies.

    Also judges existing accounts in the output of `az cognitiveservices account show` or `list`.

    Exit codes: 2 if an option, a setting or any file cannot be used, or the result cannot be
    written; otherwise 1 if any account is non_compliant, or a Terraform plan deletes one or removes
    its key; otherwise 3 if any is unknown; otherwise 0, also if there is no account.
    """
    warn_of_settings()
    losses = frozenset(allow_loss or ())
    work = partial(_check, list(dict.fromkeys(files)), parameters or [], losses, result_format)
    raise typer.Exit(ended(work, "the files were not judged"))


def _check(
    files: Sequence[str],
    parameters: Sequence[str],
    allowed: Collection[str],
    result_format: ReportFormat,
) -> int:
    kinds = {kind.lower() for kind in settings_of(None, ()).kinds}
    documents, rows, faults, notes = {}, [], [], []
    for file in (*parameters, *files):
        begin_document()
        try:
            documents[file] = read_document(file)
        except (NotUsable, TooMuchWork, OSError, ValueError, RecursionError) as error:
            faults.append(say_fault(file, error))
    given = {file for file, each in documents.items() if has_schema(each, "deploymentParameters")}
    used = {*parameters}
    for file in (each for each in files if each in documents and each not in given):
        own = file.replace(".json", ".parameters.json")
        beside = [each for each in documents if each in given & {*parameters, own}]
        used |= {*beside}
        try:
            accounts, judged = _judge(documents[file], [documents[each] for each in beside], kinds)
        except (NotUsable, RepeatedName) as error:
            faults.append(say_fault(file, error))
            continue
        found = [_row(file, each, row) for each, row in judged if row]
        rows += found
        if not found:
            is_part = member(documents[file], "complete") is False
            but = f", but {len(accounts)} of kinds that CMK_KINDS leaves out" if accounts else ""
            what = "is an incomplete plan and shows" if is_part else "contains"
            notes.append(f"{file}: {what} no account{but}.")
    losses = [row for row in rows if "verdict" not in row]
    for row in losses:
        row["allowed"] = row["address"] in allowed
    faults += [f"{file}: also provide the template of these parameters." for file in given - used]
    faults += [
        f"{each}: must be a parameters file." for each in {*parameters} & {*documents} - given
    ]
    unused = set(allowed) - {row["address"] for row in losses}
    remarks = [f"{each} is not lost; remove --allow-loss." for each in sorted(unused)]
    for message in (*faults, *notes, *remarks):
        complain(shown(message))
    write_report(rows, faults, notes, result_format)
    if faults:
        return USAGE
    if not all(row["allowed"] for row in losses):
        return VIOLATED
    verdicts = {row.get("verdict") for row in rows}
    codes = {Verdict.NON_COMPLIANT: VIOLATED, Verdict.UNKNOWN: UNKNOWN}
    return next((code for verdict, code in codes.items() if verdict in verdicts), 0)


def _judge(
    document: object, parameters: Sequence[object], kinds: Collection[str]
) -> tuple[Sequence[PlannedAccount], list[tuple[PlannedAccount, Row | None]]]:
    """Return the accounts of a document, and each row that says something of one."""
    begin_document()
    try:
        accounts = one_row(_accounts(document, parameters))
        judged = [(each, judge_planned(each, kinds)) for each in accounts]
        return accounts, judged + [(each, judge_loss(each, kinds)) for each in accounts]
    except (TooMuchWork, RecursionError):
        return [TOO_LARGE], [(TOO_LARGE, judge_planned(TOO_LARGE, kinds))]


def _row(file: str, account: PlannedAccount, said: Mapping[str, str | None]) -> ReportRow:
    name = getattr(account.name, "text", account.name)
    own = {"address": account.address, "name": name if isinstance(name, str) else account.address}
    place = {"file": Path(file).as_posix(), "line": account.line}
    return {**place, **{part: brief(text) for part, text in own.items()}, **said}


def _accounts(document: object, parameters: Sequence[object]) -> Sequence[PlannedAccount]:
    error = error_in(document)
    is_done = str(member(document, "status") or "Succeeded").lower() == "succeeded"
    if error or not is_done or member(document, "errored") is True or member(document, "error"):
        raise NotUsable(say_failed(error))
    if has_schema(document, "deploymentTemplate") and member(document, "resources") is not None:
        return read_template(document, *(member(each, "parameters") for each in parameters))
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
    raise NotUsable("this is neither a template nor a plan, and no account or list of accounts")
