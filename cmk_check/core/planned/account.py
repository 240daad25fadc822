"""Judge an account that a template or plan would deploy.

A value that the document does not determine may be absent after the deployment, or may make the
account compliant. The rule judges both cases, and the account gets a verdict only if both cases
have the same verdict.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final, NamedTuple

from cmk_check.core.account import Judgement, parse_account
from cmk_check.core.enums import CheckReason, Reason, Verdict
from cmk_check.core.kinds import AZURE_OPENAI
from cmk_check.core.planned.document import Unresolved, brief, member, spend
from cmk_check.core.reasons.catalogue import CHECK_REASONS, VERDICT_REASONS, add_note
from cmk_check.core.resource_id import path_of
from cmk_check.core.rule import KEY_VAULT, judge
from cmk_check.core.text import clean_text, few, format_count, lower_ascii

type Row = dict[str, str | None]

_ANY_ID: Final = path_of("here", "here", "here")
_WITH_KEY: Final = {"keySource": KEY_VAULT, "keyVaultProperties": {"keyName": "key"}}
_WORST: Final = {"kind": AZURE_OPENAI[0]}
_BEST: Final = {**_WORST, "encryption": _WITH_KEY, **_WITH_KEY, "keyName": "key"}
_NESTED: Final = ("encryption", "keyVaultProperties")
_KIND: Final = re.compile("[A-Za-z0-9.]+")
NOT_SHOWN: Final = "the document lacks what this deploys, which may have accounts"
_SET_KEY: Final = "Set a key in properties.encryption, or in customer_managed_key with azurerm."
# How undecided values of a document can become known.
PREDICTION: Final = ""
TEMPLATE: Final = (
    "Provide the values with --parameters, or check the output of `az deployment group what-if "
    "--no-pretty-print`."
)
PLAN: Final = "Make the values known when Terraform plans."


class Entry(NamedTuple):
    """The values that the rule judges; ``encryption`` has the format of Azure's responses."""

    kind: object
    encryption: object


@dataclass(frozen=True, slots=True)
class PlannedAccount:
    """An account in a template or plan, where ``address`` and ``line`` show its location.

    ``entries`` are the possible results of the deployment. If there are several entries, ``doubt``
    says why. If there are no entries, the document does not show the account. An account that
    already exists has a ``judgement`` by the rule. ``before`` is the account that a deployment
    changes. ``loss`` says why the deployment deletes the account, or is "" if no reason is given.
    """

    name: object
    address: str
    line: int | None
    entries: Sequence[Entry] = ()
    doubt: str | None = None
    judgement: Judgement | None = None
    before: Entry | None = None
    loss: str | None = None
    advice: str = TEMPLATE


def get_entry(kind: object, properties: object, *, is_whole: bool = False) -> Entry:
    """Return those values of an account that the rule judges.

    If the document contains the whole account (``is_whole``), a missing key source has the default
    of Azure's specification.
    """
    encryption = member(properties, "encryption")
    if isinstance(encryption, dict):
        key, source = (member(encryption, each) for each in ("keyVaultProperties", "keySource"))
        if is_whole and [*map(lower_ascii, encryption)] == ["keyvaultproperties"]:
            source = KEY_VAULT
        key = {"keyName": member(key, "keyName")} if isinstance(key, dict) else key
        encryption = {"keySource": source, "keyVaultProperties": key}
    # A kind of another type is ignored, because comparing it could take long.
    return Entry(kind if isinstance(kind, str | Unresolved) else None, encryption)


UNREAD: Final = Entry(Unresolved("not shown"), None)
TOO_LARGE: Final = PlannedAccount(
    "the document", "", 1, doubt="it is too large to judge", advice="Split it."
)


def combine_missing_templates(accounts: Sequence[PlannedAccount]) -> list[PlannedAccount]:
    """Return the accounts, combining all templates missing from the document into one entry."""
    lacking = [each for each in accounts if each.doubt == NOT_SHOWN]
    visible = [each for each in accounts if each.doubt != NOT_SHOWN]
    places = few(brief(each.address) for each in lacking)
    name, doubt = format_count(len(lacking), "template"), f"{NOT_SHOWN}: {places}"
    return [*visible, *(replace(each, name=name, doubt=doubt) for each in lacking[:1])]


def judge_planned(account: PlannedAccount, kinds: Collection[str]) -> Row | None:
    """Return an account's kind, verdict, reason and message; None if its kind is not in ``kinds``.

    ``kinds`` are lower-cased. If the document only deletes the account, the result is None.
    """
    kind, exact = _find_kind(account.entries), account.judgement
    if not (account.entries or account.doubt or exact) or _is_left_out(kind, kinds):
        return None
    if exact:
        return _row(kind, exact.reason, exact.message, exact.verdict)
    judged, notes = _judge(account.entries)
    verdicts = {each.verdict for each in judged}
    is_clear = len(verdicts) == 1 and (kind or verdicts == {Verdict.COMPLIANT})
    if not is_clear or judged[0].reason is Reason.MALFORMED:
        words = CHECK_REASONS[CheckReason.NOT_RESOLVED]
        note = few(dict.fromkeys([account.doubt, *notes] if account.doubt else notes))
        parts = (add_note(words.message, note), account.advice, words.way_out)
        message = " ".join(filter(None, parts))
        return _row(kind, CheckReason.NOT_RESOLVED, message, Verdict.UNKNOWN)
    verdict, reason = judged[0].verdict, judged[0].reason
    way_out = "" if verdict is Verdict.COMPLIANT else f" {_SET_KEY}"
    return _row(kind, reason, f"{VERDICT_REASONS[reason].message}{way_out}", verdict)


def judge_loss(account: PlannedAccount, kinds: Collection[str]) -> Row | None:
    """Return an account's kind, reason and message if a deployment removes it or its key."""
    if not account.before or _is_left_out(kind := _find_kind([account.before]), kinds):
        return None
    before, after = (
        {each.verdict for each in _judge(entries)[0]}
        for entries in ([account.before], account.entries)
    )
    is_taken = Verdict.NON_COMPLIANT not in before and after == {Verdict.NON_COMPLIANT}
    if account.loss is None and not is_taken:
        return None
    reason = CheckReason.KEY_LOST if account.loss is None else CheckReason.ACCOUNT_LOST
    return _row(kind, reason, CHECK_REASONS[reason].text(account.loss))


def _judge(entries: Sequence[Entry]) -> tuple[list[Judgement], list[str]]:
    """Judge the worst and best case of each entry, and list the values that are undetermined."""
    judged, notes = [], []

    def fill(name: str, value: object, defaults: Mapping[str, object]) -> object:
        if isinstance(value, Unresolved):
            notes.append(f"{name} is {brief(value.text)}")
            return defaults.get(name)
        if isinstance(value, dict) and name in _NESTED:
            return {part: fill(part, each, defaults) for part, each in value.items()}
        return value

    readings: tuple[Mapping[str, object], ...] = (_WORST, _BEST)
    for entry, defaults in product(entries, readings):
        spend(50)
        kind = fill("kind", entry.kind, defaults)
        encryption = fill("encryption", entry.encryption, defaults)
        document = {"id": _ANY_ID, "kind": kind, "properties": {"encryption": encryption}}
        if parsed := parse_account(document, frozenset()):
            judged.append(judge(parsed))
            if judged[-1].reason is Reason.MALFORMED:
                notes.append(parsed.malformed or "keyName is not the name of a key")
    return judged, notes


def _find_kind(entries: Sequence[Entry]) -> str | None:
    kinds = {clean_text(entry.kind) for entry in entries}
    kind = kinds.pop() if len(kinds) == 1 else None
    return kind if kind and _KIND.fullmatch(kind) else None


def _is_left_out(kind: str | None, kinds: Collection[str]) -> bool:
    return kind is not None and kind.lower() not in kinds


def _row(kind: str | None, reason: str, message: str, verdict: str | None = None) -> Row:
    judged = {} if verdict is None else {"verdict": verdict}
    return {"kind": kind, **judged, "reason": reason, "message": message}
