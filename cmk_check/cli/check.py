"""``check``: judges accounts in templates, plans and output of ``az``, without Azure."""

import json
import re
import sys
from bisect import bisect
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from json import scanner
from pathlib import Path
from typing import Annotated, Any, Final
from xml.etree import ElementTree as ET

import typer

from cmk_check.cli.exit_codes import UNKNOWN, USAGE, VIOLATED, complain, ended
from cmk_check.cli.output_options import ReportFormat, format_option
from cmk_check.cli.scan import settings_of, warn_of_settings
from cmk_check.cli.stdout import write, write_bytes
from cmk_check.core.enums import PostureReason, ReasonSeverity, Verdict
from cmk_check.core.planned.account import (
    Advice,
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
    distinct,
    member,
    spend,
)
from cmk_check.core.planned.existing_accounts import error_in, read_accounts
from cmk_check.core.planned.terraform_plan import read_plan
from cmk_check.core.text import shown
from cmk_check.errors import NotUsable
from cmk_check.limits import MAX_INPUT_BYTES

_STDIN: Final = "-"
_HOW: Final = (
    "use output of `az bicep build`, `bicep snapshot`, what-if, `terraform show -json` or "
    "`az cognitiveservices account list`"
)
# Byte order marks that PowerShell's > writes: UTF-16 up to version 5.1, later optionally UTF-8.
_MARKS: Final = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}
_INFO, _UNKNOWN, _ERROR = ReasonSeverity.INFO, ReasonSeverity.UNKNOWN, ReasonSeverity.ERROR
# A row without a verdict is a loss.
_SEVERITIES: Final = dict(zip((*Verdict, None), (_INFO, _ERROR, _UNKNOWN, _ERROR), strict=True))

_NO_PLAN: Final = (
    "this is {}; run `terraform plan -out plan.bin` and `terraform show -json plan.bin > plan.json`"
)
_COMMENT: Final = re.compile(
    r'("(?:[^"\\\n]|\\.)*+"?)|//[^\r\n]*+(?=\r?\n|\Z)|/\*.*?(?:\*/|\Z)', re.DOTALL
)

type _Row = dict[str, Any]


class _Located(dict[str, object]):
    line = 0


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
            documents[file] = _document(file)
        except (NotUsable, TooMuchWork, OSError, ValueError, RecursionError) as error:
            faults.append(_fault(file, error))
    given = {file for file, each in documents.items() if _is(each, "deploymentParameters")}
    used = {*parameters}
    for file in (each for each in files if each in documents and each not in given):
        own = file.replace(".json", ".parameters.json")
        beside = [each for each in documents if each in given & {*parameters, own}]
        used |= {*beside}
        try:
            accounts, judged = _judge(documents[file], [documents[each] for each in beside], kinds)
        except (NotUsable, RepeatedName) as error:
            faults.append(_fault(file, error))
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
    _write(rows, faults, notes, result_format)
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
        advice = Advice("", "Split the document.")
        doubt = "it is too large to judge"
        whole = PlannedAccount("the document", "", 1, (), doubt, advice=advice)
        return [whole], [(whole, judge_planned(whole, kinds))]


def _row(file: str, account: PlannedAccount, said: Mapping[str, str | None]) -> _Row:
    name = getattr(account.name, "text", account.name)
    own = {"address": account.address, "name": name if isinstance(name, str) else account.address}
    place = {"file": Path(file).as_posix(), "line": account.line}
    return {**place, **{part: brief(text) for part, text in own.items()}, **said}


def _fault(file: str, error: Exception) -> str:
    """Return what must be changed for a file to be usable."""
    said = str(error)
    if isinstance(error, OSError):
        said = f"cannot be read ({error.strerror})"
    elif isinstance(error, UnicodeDecodeError):
        said = f"byte {error.start} is not {error.encoding} text; save the file as UTF-8"
    elif isinstance(error, json.JSONDecodeError | RecursionError):
        said = f"invalid JSON ({error})"
    return f"{'standard input' if file == _STDIN else file}: {said}; {_HOW}."


def _text(file: str) -> str:
    """Return the text of a file that a shell may have written."""
    path = Path(file)
    if path.suffix in {".bicep", ".bicepparam", ".tf"}:
        raise NotUsable("this is source code for Bicep or Terraform")
    if path.exists() and not path.is_file() and file != _STDIN:
        raise OSError(0, "not a regular file")
    with sys.stdin.buffer if file == _STDIN else path.open("rb") as stream:
        data = stream.read(MAX_INPUT_BYTES + 1)
    if len(data) > MAX_INPUT_BYTES:
        raise NotUsable(f"must have at most {MAX_INPUT_BYTES:,} bytes")
    if data.startswith(b"PK"):
        raise NotUsable(_NO_PLAN.format("a plan in Terraform's own format"))
    encoding = next((name for mark, name in _MARKS.items() if data.startswith(mark)), "utf-8")
    return data.decode(encoding)


def _document(file: str) -> object:
    """Return the value of a JSON file.

    Raises:
        NotUsable, TooMuchWork, OSError, ValueError, RecursionError: the file cannot be read, is
            not JSON, or is too large.

    """
    text = _text(file)
    if not (start := text.strip()):
        raise NotUsable("the input is empty")
    if start.startswith("ERROR:"):  # as `az` writes to standard error
        raise NotUsable(_failed(start.removeprefix("ERROR:").strip().partition("\n")[0]))
    if start.startswith('{"@level"'):
        raise NotUsable(_NO_PLAN.format("what `terraform plan -json` prints"))
    try:
        document = _located(text)
    except json.JSONDecodeError:
        document = _located(_COMMENT.sub(lambda it: it[1] or re.sub(r"[^\n]", " ", it[0]), text))
        if not _is(document, "deployment"):  # comments are only for Azure's templates
            raise
    is_shown = member(document, "terraform_version") and member(document, "values")
    if is_shown or member(document, "lineage"):
        raise NotUsable(_NO_PLAN.format("a state of Terraform"))
    return document


def _refuse(name: str) -> object:
    """Reject NaN and Infinity, which Python accepts but JSON does not have."""
    raise ValueError(f"{name} is not allowed in JSON")


def _located(text: str) -> object:
    """Parse JSON and note the ``line`` of each object.

    The pure Python scanner of json passes an object's position to a replaceable function.
    """
    ends = [place for place, char in enumerate(text) if char == "\n"]
    reader: Any = json.JSONDecoder(object_pairs_hook=list, parse_constant=_refuse)
    parse = reader.parse_object

    def parse_object(text_and_start: tuple[str, int], *rest: Any) -> tuple[object, int]:  # noqa: ANN401
        spend(1)
        pairs, end = parse(text_and_start, *rest)
        line = bisect(ends, text_and_start[1] - 1) + 1
        try:
            found = _Located(distinct(pairs))
        except RepeatedName as error:
            raise RepeatedName(f"line {line}: {error}") from error
        found.line = line
        return found, end

    reader.parse_object = parse_object
    reader.scan_once = scanner.py_make_scanner(reader)  # type: ignore[attr-defined]
    return reader.decode(text)


def _is(document: object, schema: str) -> bool:
    return schema.lower() in str(member(document, "$schema")).lower()


def _accounts(document: object, parameters: Sequence[object]) -> Sequence[PlannedAccount]:
    error = error_in(document)
    is_done = str(member(document, "status") or "Succeeded").lower() == "succeeded"
    if error or not is_done or member(document, "errored") is True or member(document, "error"):
        raise NotUsable(_failed(error))
    if _is(document, "deploymentTemplate") and member(document, "resources") is not None:
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


def _failed(error: str | None) -> str:
    said = f" ({error.removesuffix('.')})" if error else ""
    return f"the command that wrote this failed{said}, so accounts may be missing"


def _write(
    rows: Sequence[_Row], faults: Sequence[str], notes: Sequence[str], result_format: ReportFormat
) -> None:
    from cmk_check.cli.junit import add_test, document_of
    from cmk_check.cli.problems import Problem
    from cmk_check.cli.sarif import log_of, result

    found = []
    for row in rows:
        accepted = "Accepted by --allow-loss." if row.get("allowed") else None
        severity = _SEVERITIES[row.get("verdict")]
        found.append((row, Problem(row["reason"], severity, row["message"], accepted)))
    if result_format is ReportFormat.JSON:
        accounts = [row for row in rows if "verdict" in row]
        losses = [row for row in rows if "allowed" in row]
        parts = {"accounts": accounts, "losses": losses}
        write(json.dumps({**parts, "notUsable": faults, "empty": notes}, indent=2))
    elif result_format is ReportFormat.SARIF:
        results = []
        for row, problem in found:
            text, place = f"{row['name']}: {problem.message}", (row["file"], row["line"])
            if problem.severity is not _INFO and not problem.accepted:
                own_id = f"{row['file']}#{row['address']}"
                results.append(result(problem, text, own_id, row["name"], place))
        code = PostureReason.NO_ACCOUNTS_IN_SCOPE
        said = [Problem(code, _INFO, note) for note in notes]
        write_bytes(log_of(results, said, {"executionSuccessful": not faults}))
    elif result_format is ReportFormat.JUNIT:
        suite = ET.Element("testsuite", name="cmk_check")
        for fault in faults:
            problem = Problem("not_usable", _UNKNOWN, fault)
            add_test(suite, "cmk_check", "file", fault, [problem])
        for row, problem in found:
            what = f"{row['name']}, {row['file']}, line {row['line']}"
            add_test(suite, row["file"], row["address"], what, [problem])
        write_bytes(document_of(suite))
    else:
        _show(rows, is_whole=not faults)


def _show(rows: Sequence[_Row], *, is_whole: bool) -> None:
    from cmk_check.cli import terminal_rows
    from cmk_check.cli.console import open_console, say
    from cmk_check.cli.table import COLOURS

    console = open_console(sys.stdout, color=True)
    table = []
    for row in rows:
        verdict = row.get("verdict") or ("allowed loss" if row["allowed"] else "loss")
        first, place = (verdict, row["name"], row["reason"]), f"{row['file']}:{row['line']}"
        colour = COLOURS[row.get("verdict") or Verdict.NON_COMPLIANT]
        table.append(terminal_rows.Row(first, (place, row["address"]), colour))
    if table:
        terminal_rows.print_rows(
            console, ("verdict", "account", "reason"), ("place", "resource"), table
        )
    for text in dict.fromkeys(f"{row['name']}: {row['message']}" for row in rows):
        say(console, shown(text), hanging=terminal_rows.INDENT)
    counts = Counter(row.get("verdict") for row in rows)
    parts = ", ".join(f"{counts[verdict]:,} {verdict}" for verdict in Verdict)
    losses = f"; losses: {counts[None]:,}" if counts[None] else ""
    if is_whole:
        console.print(f"accounts: {counts.total() - counts[None]:,}: {parts}{losses}")
