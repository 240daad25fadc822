"""``explain``: judges the output of the ``az`` command, without Azure, settings or a scan."""

import json
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from shlex import quote
from typing import Annotated, Any, Final

import typer

from cmk_check.cli.exit_codes import UNKNOWN, VIOLATED, complain, ended
from cmk_check.cli.stdout import write
from cmk_check.core.account import parse_account
from cmk_check.core.enums import Reason, Verdict
from cmk_check.core.kinds import AZURE_OPENAI
from cmk_check.core.rule import RULE_VERSION, judge, judgement_of
from cmk_check.core.text import as_object, clean_text, is_guid, shown
from cmk_check.errors import NotUsable

_STDIN: Final = "-"
_HOW: Final = "use the output of `az cognitiveservices account show --output json`, or `... list`"
_NO_ID: Final = "it has no usable id"
_RESOURCE: Final = re.compile(
    r"/subscriptions/[^/]+/(?:.*/)?providers/(microsoft\.[a-z]+/.+)", re.IGNORECASE | re.ASCII
)
_ACCOUNTS: Final = "microsoft.cognitiveservices/accounts"
_OTHERS: Final = {
    "deletedaccounts": "A deleted account is not judged.",
    "projects": "A project is not judged: it uses the key of its account; judge the account.",
}
# Byte order marks that PowerShell's > writes: UTF-16 up to version 5.1, later optionally UTF-8.
_MARKS: Final = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}


def explain(
    file: Annotated[
        str, typer.Argument(metavar="FILE|-", help="A JSON file; - is standard input.")
    ],
    kinds: Annotated[
        str, typer.Option(metavar="KIND,...", help="The kinds of accounts to judge.")
    ] = ",".join(AZURE_OPENAI),
) -> None:
    """Judge accounts in the output of `az cognitiveservices account show` or `list`.

    Prints verdict, reason and evidence as JSON: an object for one account, a list for a list.

    Exit codes: 1 if any account is non_compliant; otherwise 3 if any is unknown, the list is
    incomplete or no account was judged; otherwise 0. 2 if the input cannot be used or the output
    cannot be written.
    """
    from cmk_check.config.setting_values import read_kinds

    try:
        in_scope = read_kinds(kinds)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--kinds") from None
    raise typer.Exit(ended(lambda: _explain(file, in_scope), "the accounts were not judged"))


def _explain(file: str, in_scope: Iterable[str]) -> int:
    name = "standard input" if file == _STDIN else file
    document, is_whole = _accounts_of(read_json(file), name)
    entries = document if isinstance(document, list) else [document]
    explained = [_explained(entry, in_scope) for entry in entries]
    # ASCII, so that names cannot control the terminal or fail in its encoding.
    write(json.dumps(explained if isinstance(document, list) else explained[0], indent=2))
    if not any(entry["inScope"] for entry in explained):
        why = (
            f"the input has no account of the kinds {', '.join(in_scope)}"
            if explained
            else "the list is empty"
        )
        complain(f"0 accounts judged: {why}; check that `az` uses the right subscription.")
    if not is_whole:
        complain("the list is incomplete, because it has a nextLink; provide all pages.")
    violated = [entry["id"] for entry in explained if entry["verdict"] == Verdict.NON_COMPLIANT]
    if len(violated) > 1:
        complain("fix them: cmk-check plan --all --out fixes")
    elif violated and is_guid(violated[0].split("/")[2]):  # `plan` requires it
        complain(f"fix it: cmk-check plan {quote(shown(violated[0]))} > fix.sh")
    if violated:
        return VIOLATED
    is_clean = {entry["verdict"] for entry in explained} - {None} == {Verdict.COMPLIANT}
    return 0 if is_clean and is_whole else UNKNOWN


def _read(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == _STDIN else Path(file).read_bytes()
    except OSError as error:
        raise NotUsable(
            f"{file} cannot be read ({error.strerror}); give a file, or - for standard input."
        ) from error


def read_json(file: str, how: str = _HOW, loads: Callable[..., object] = json.loads) -> object:
    """Return the value of a JSON file that a shell may have written.

    Raises:
        NotUsable: the file is not JSON; the message explains ``how`` to get one.

    """
    data, file = _read(file), "standard input" if file == _STDIN else file
    encoding = next((name for mark, name in _MARKS.items() if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
        if not text.strip():
            raise NotUsable(f"{file}: the input is empty; {how}.")
        if text.startswith("ERROR:"):  # as `az` writes to standard error
            raise _not_an_account(file, text.removeprefix("ERROR:").strip().partition("\n")[0])
        return loads(text, parse_constant=_refuse)
    except UnicodeDecodeError as error:
        raise NotUsable(
            f"{file}: byte {error.start} is not {encoding} text; save the file as UTF-8."
        ) from error
    except json.JSONDecodeError as error:
        raise NotUsable(
            f"{file}: line {error.lineno} column {error.colno}: invalid JSON ({error.msg}); {how}."
        ) from error
    except (ValueError, RecursionError) as error:
        raise NotUsable(f"{file}: invalid JSON ({error}); {how}.") from error


def _refuse(name: str) -> object:
    """Reject NaN and Infinity, which Python accepts but JSON does not have."""
    raise ValueError(f"{name} is not allowed in JSON")


def _accounts_of(document: object, file: str) -> tuple[dict[str, object] | list[object], bool]:
    """Return an account or a list, and whether it is complete; ARM wraps lists in ``value``."""
    if isinstance(document, dict) and isinstance(document.get("value"), list):
        return document["value"], not document.get("nextLink")
    if (error := _error_in(document)) is not None:
        raise _not_an_account(file, error)
    if isinstance(document, dict | list):
        return document, True
    raise NotUsable(f"{file}: the JSON must be an object or a list; {_HOW}.")


def _error_in(entry: object) -> str | None:
    """Return the text of an error of Azure, Entra ID or a gateway; None for other entries."""
    fields = {name.lower(): value for name, value in as_object(entry).items()}
    inner = fields.get("error", fields.get("odata.error"))
    if isinstance(inner, dict):
        fields = {name.lower(): value for name, value in inner.items()}
    elif "id" in fields or not (isinstance(inner, str) or _text(fields, "message")):
        return None
    texts = (_text(fields, name) for name in ("code", "error", "message", "error_description"))
    return ": ".join(filter(None, texts))


def _not_an_account(file: str, error: str) -> NotUsable:
    said = shown(clean_text(error) or "without a message").removesuffix(".")
    return NotUsable(
        f"{file}: this is an error of Azure, not an account: {said}. Fix it, and {_HOW}."
    )


def _explained(entry: object, in_scope: Iterable[str]) -> dict[str, Any]:
    account = parse_account(entry, frozenset())
    judgement, message = None, None
    if account is None:
        message = _other_resource(entry)
        error = _error_in(entry)
        note = _NO_ID if error is None else f"it is an error of Azure: {error.removesuffix('.')}"
        judgement = None if message else judgement_of(Reason.MALFORMED, note)
    elif account.kind is None or account.kind.lower() in [kind.lower() for kind in in_scope]:
        judgement = judge(account)
    else:
        message = f"Only accounts of the kinds {', '.join(in_scope)} are judged."
    return {
        "id": account.id.text if account else None,
        "name": account.id.name if account else _text(entry, "name"),
        "kind": account.kind if account else _text(entry, "kind"),
        "inScope": judgement is not None,
        "verdict": judgement and judgement.verdict,
        "reason": judgement and judgement.reason,
        "message": judgement.message if judgement else message,
        "ruleVersion": RULE_VERSION,
        "evidence": judgement and judgement.evidence.by_name(),
    }


def _other_resource(entry: object) -> str | None:
    """Return a sentence about an entry with the id of another resource; None for other entries."""
    found = _RESOURCE.fullmatch(_text(entry, "id") or "")
    if found is None:
        return None
    namespace, *parts = found[1].lower().split("/")
    kind = "/".join((namespace, *parts[::2]))
    if kind == _ACCOUNTS:
        return None
    return _OTHERS.get(
        kind.rpartition("/")[2],
        f"Only accounts of Microsoft.CognitiveServices are judged, and this is a {kind}.",
    )


def _text(entry: object, name: str) -> str | None:
    return clean_text(as_object(entry).get(name))
