"""The command line: the rule at hand, before or without a scan; and a try of the webhook.

``explain`` needs no Azure package and no settings: it judges what the ``az`` command printed.
"""

import json
import os
import signal
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Final

from cmk_check.core.accounts import clean_text, parse_account
from cmk_check.core.model import Account, Evidence, Judgement
from cmk_check.core.rule import RULE_VERSION, judge
from cmk_check.core.words import Reason, Verdict

try:
    import typer
except ModuleNotFoundError:
    # The console script imports this module, so that there is no later moment to say it.
    print("The command line needs its extra: pip install 'cmk-check[cli]'", file=sys.stderr)
    sys.exit(2)

_VIOLATED, _USAGE, _UNKNOWN = 1, 2, 3
_STDIN: Final = "-"
_HOW: Final = "give it what `az cognitiveservices account show --output json` prints, or `... list`"
_NO_ID: Final = (
    "The entry has no usable id, so that it cannot be told which account it is: "
    "look at it with `az cognitiveservices account show`."
)
# What PowerShell's > puts in front of its output: UTF-16 up to version 5.1, UTF-8 at choice.
_MARKS: Final = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}

app: Final = typer.Typer(
    name="cmk-check",
    help="Tell which Azure OpenAI accounts are encrypted with a customer-managed key.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # help as plain text, the same in every terminal
    pretty_exceptions_enable=False,
)


class _NotUsable(Exception):
    """Input or output is not what it should be; says what is wrong, where, and what to do."""


@app.command()
def explain(
    file: Annotated[
        str, typer.Argument(metavar="FILE|-", help="A JSON file; - is the standard input.")
    ],
    kinds: Annotated[
        str, typer.Option(metavar="KIND,...", help="The kinds of accounts to judge, in any case.")
    ] = "OpenAI,AIServices",
) -> None:
    """Judge accounts as `az cognitiveservices account show` or `list` prints them.

    Prints verdict, reason and evidence as JSON: an object for one account, a list for a list.

    Exits with 1 if any account is non_compliant, else 3 if any is unknown or the list is not whole,
    else 0; with 2 if the input cannot be used.
    """
    in_scope = [kind.strip() for kind in kinds.split(",") if kind.strip()]
    if not in_scope:
        raise typer.BadParameter("name at least one kind", param_hint="--kinds")
    name = "standard input" if file == _STDIN else file
    try:
        document, is_whole = _accounts_of(_parsed(_read(file), name), name)
        entries = document if isinstance(document, list) else [document]
        explained = [_explained(entry, in_scope) for entry in entries]
        _print(explained if isinstance(document, list) else explained[0])
    except _NotUsable as error:
        print(f"cmk-check: {error}", file=sys.stderr)
        raise typer.Exit(_USAGE) from error
    except KeyboardInterrupt:
        raise typer.Exit(128 + signal.SIGINT) from None
    if not any(entry["inScope"] for entry in explained):
        why = f"none is of the kinds {', '.join(in_scope)}" if explained else "the list is empty"
        print(
            f"cmk-check: 0 accounts judged: {why}; does `az` see the right subscription?",
            file=sys.stderr,
        )
    if not is_whole:
        print(
            "cmk-check: the list goes on behind its nextLink, so these are not all accounts: "
            "give it all pages.",
            file=sys.stderr,
        )
    raise typer.Exit(_exit_code(explained, is_whole=is_whole))


@app.command()
def send_test_alert() -> None:
    """Send a change that is marked as a test to the webhook that the settings name.

    Reads the same environment as the app, but needs no storage. Prints what was sent to which host,
    and what it answered.

    Exits with 0 if it was taken, with 3 if not; with 2 if the settings are not valid, naming all.
    """
    import asyncio

    from cmk_check.alerts.trial import send_trial
    from cmk_check.errors import DeliveryFailed, SettingsError
    from cmk_check.settings import Settings

    try:
        settings = Settings.load(for_webhook=True)
        print(asyncio.run(send_trial(settings)))
    except SettingsError as error:
        for name, fault in error.faults:
            print(f"cmk-check: {name} {fault}.", file=sys.stderr)
        raise typer.Exit(_USAGE) from None
    except DeliveryFailed as error:
        print(f"cmk-check: the test alert was not taken: {error}", file=sys.stderr)
        raise typer.Exit(_UNKNOWN) from None
    except KeyboardInterrupt:
        raise typer.Exit(128 + signal.SIGINT) from None


def _read(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == _STDIN else Path(file).read_bytes()
    except OSError as error:
        raise _NotUsable(
            f"{file} cannot be read ({error.strerror}): name a file, or - for the standard input."
        ) from error


def _parsed(data: bytes, file: str) -> object:
    encoding = next((name for mark, name in _MARKS.items() if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
        if not text.strip():
            raise _NotUsable(f"{file}: the input is empty: {_HOW}.")
        return json.loads(text, parse_constant=_refuse)
    except UnicodeDecodeError as error:
        raise _NotUsable(
            f"{file}: byte {error.start} is not {encoding} text: save it as UTF-8."
        ) from error
    except json.JSONDecodeError as error:
        raise _NotUsable(
            f"{file}: line {error.lineno} column {error.colno}: no JSON ({error.msg}): {_HOW}."
        ) from error
    except (ValueError, RecursionError) as error:
        raise _NotUsable(f"{file}: no JSON that can be read ({error}): {_HOW}.") from error


def _refuse(name: str) -> object:
    """Refuse NaN and Infinity, which Python reads and JSON does not know."""
    raise ValueError(f"{name} is no JSON value")


def _accounts_of(document: object, file: str) -> tuple[dict[str, object] | list[object], bool]:
    """Return one account or a list, and whether the list is whole; ARM wraps lists in ``value``."""
    if isinstance(document, dict) and isinstance(document.get("value"), list):
        return document["value"], not document.get("nextLink")
    if isinstance(document, dict | list):
        return document, True
    raise _NotUsable(f"{file}: the JSON is neither an object nor a list: {_HOW}.")


def _explained(entry: object, in_scope: Iterable[str]) -> dict[str, Any]:
    account = parse_account(entry, frozenset())
    if account is None:
        judgement = Judgement(Verdict.UNKNOWN, Reason.MALFORMED, _NO_ID, Evidence())
        return _line(_text(entry, "name"), _text(entry, "kind"), None, judgement)
    names = [kind.lower() for kind in in_scope]
    if account.kind is None or account.kind.lower() in names:
        return _line(account.id.name, account.kind, account, judge(account))
    return _line(account.id.name, account.kind, account, None) | {
        "message": f"Accounts of this kind are not judged, only {', '.join(in_scope)}."
    }


def _line(
    name: str | None, kind: str | None, account: Account | None, judgement: Judgement | None
) -> dict[str, Any]:
    return {
        "id": account.id.text if account else None,
        "name": name,
        "kind": kind,
        "inScope": judgement is not None,
        "verdict": judgement and judgement.verdict,
        "reason": judgement and judgement.reason,
        "message": judgement and judgement.message,
        "ruleVersion": RULE_VERSION,
        "evidence": judgement and _evidence(judgement.evidence),
    }


def _evidence(evidence: Evidence) -> dict[str, str | None]:
    """Name it as the HTTP API does."""
    return {
        "keySource": evidence.key_source,
        "keyName": evidence.key_name,
        "keyVersion": evidence.key_version,
        "keyVaultUri": evidence.key_vault_uri,
        "identityType": evidence.identity_type,
        "identityClientId": evidence.identity_client_id,
        "provisioningState": evidence.provisioning_state,
    }


def _text(entry: object, name: str) -> str | None:
    return clean_text(entry.get(name)) if isinstance(entry, dict) else None


def _print(explained: object) -> None:
    try:
        # ASCII, so that no name can steer a terminal or fail in its encoding.
        print(json.dumps(explained, indent=2), flush=True)
    except OSError as error:
        # What Python still flushes at its end goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        # Whoever closed the pipe has read enough.
        if not isinstance(error, BrokenPipeError):
            raise _NotUsable(
                f"the output cannot be written ({error.strerror}): what stands there is not whole."
            ) from error


def _exit_code(explained: Iterable[dict[str, Any]], *, is_whole: bool) -> int:
    verdicts = {entry["verdict"] for entry in explained}
    if Verdict.NON_COMPLIANT in verdicts:
        return _VIOLATED
    return _UNKNOWN if Verdict.UNKNOWN in verdicts or not is_whole else 0
