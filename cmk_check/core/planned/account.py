"""Judge an account that a document would deploy.

A value that the document leaves open may turn out to be absent or to make the account compliant.
The rule judges both cases, and the account gets a verdict only if both agree.
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
from cmk_check.core.reasons.catalogue import CHECK_REASONS, VERDICT_REASONS, with_note
from cmk_check.core.resource_id import path_of
from cmk_check.core.rule import KEY_VAULT, judge
from cmk_check.core.text import as_object, clean_text, counted, few, lower_ascii

type Entry = Mapping[str, object]
type Row = dict[str, str | None]

_KEY: Final = dict.fromkeys(("keyName", "keyVersion", "keyVaultUri", "identityClientId"))
_PROPERTIES: Final = {"encryption": {"keySource": None, "keyVaultProperties": _KEY}}
_WITH_KEY: Final = {"keySource": KEY_VAULT, "keyVaultProperties": {"keyName": "key"}}
_WORST: Final[Entry] = {"kind": AZURE_OPENAI[0], "properties": {}}
_ENCRYPTED: Final = {"properties": {"encryption": _WITH_KEY}, "encryption": _WITH_KEY}
_BEST: Final[Entry] = {**_WORST, **_WITH_KEY, **_ENCRYPTED, "keyName": "key"}
_KIND: Final = re.compile("[A-Za-z0-9.]+")
NOT_SHOWN: Final = "the document lacks what this deploys, which may have accounts"


class Advice(NamedTuple):
    """What to do in a kind of document about an account without a key, and about open values."""

    key: str
    values: str


PREDICTION: Final = Advice("Set properties.encryption to a key.", "")
TEMPLATE: Final = PREDICTION._replace(
    values="Provide the values with --parameters, or check the output of `az deployment group "
    "what-if --no-pretty-print`."
)
PLAN: Final = Advice(
    "Set customer_managed_key, or properties.encryption with azapi, to a key.",
    "Make the values known when Terraform plans.",
)


@dataclass(frozen=True, slots=True)
class PlannedAccount:
    """An account in a document; ``address`` and ``line`` say where it is.

    ``entries``, in the shape of Azure's answers, are the possible results of the deployment: more
    than one if the result is open, for which ``doubt`` is the reason; none if the document does not
    show the account. An account that exists has the rule's ``judgement``. ``before`` is the account
    that a Terraform plan changes, and ``loss`` says why the plan deletes it.
    """

    name: object
    address: str
    line: int | None
    entries: Sequence[Entry] = ()
    doubt: str | None = None
    judgement: Judgement | None = None
    before: Entry | None = None
    loss: str | None = None
    advice: Advice = TEMPLATE


def shaped(kind: object, properties: object) -> Entry:
    """Return the judged part of an account, in the shape of Azure's answers."""

    def picked(value: object, shape: object) -> object:
        if not isinstance(shape, dict) or not isinstance(value, dict):
            return [] if isinstance(value, dict | list) else value  # not a plain value
        return {name: picked(member(value, name), part) for name, part in shape.items()}

    # Azure's answers always have properties.
    judged = picked({} if properties is None else properties, _PROPERTIES)
    return {"id": path_of("here", "here", "here"), "kind": kind, "properties": judged}


UNREAD: Final = shaped(Unresolved("not shown"), None)
TOO_LARGE: Final = PlannedAccount(
    "the document", "", 1, doubt="it is too large to judge", advice=Advice("", "Split it.")
)


def written(properties: object) -> object:
    """Return the judged properties with the default of Azure's specification for a write."""
    encryption = member(properties, "encryption")
    if {*map(lower_ascii, as_object(encryption))} == {"keyvaultproperties"}:
        return {"encryption": {"keySource": KEY_VAULT, **as_object(encryption)}}
    return properties


def one_row(accounts: Sequence[PlannedAccount]) -> list[PlannedAccount]:
    """Return accounts with the templates that the document lacks as one."""
    lacking = [each for each in accounts if each.doubt == NOT_SHOWN]
    shown = [each for each in accounts if each.doubt != NOT_SHOWN]
    places = few(brief(each.address) for each in lacking)
    name, doubt = counted(len(lacking), "template"), f"{NOT_SHOWN}: {places}"
    return [*shown, *(replace(each, name=name, doubt=doubt) for each in lacking[:1])]


def judge_planned(account: PlannedAccount, kinds: Collection[str]) -> Row | None:
    """Return kind, verdict, reason and message; None if lower-cased ``kinds`` lacks its kind.

    None also if the document only deletes the account.
    """
    kind = _kind_of(account.entries)
    is_shown = account.entries or account.doubt
    if not is_shown or _is_left_out(kind, kinds):
        return None
    if exact := account.judgement:
        return _row(kind, exact.reason, exact.message, exact.verdict)
    judged, notes = _judge(account.entries)
    verdicts = {each.verdict for each in judged}
    is_clear = len(verdicts) == 1 and (kind or verdicts == {Verdict.COMPLIANT})
    if not is_clear or judged[0].reason is Reason.MALFORMED:
        words = CHECK_REASONS[reason := CheckReason.NOT_RESOLVED]
        note = few(dict.fromkeys([account.doubt, *notes] if account.doubt else notes))
        parts = (with_note(words.message, note), account.advice.values, words.way_out)
        return _row(kind, reason, " ".join(filter(None, parts)), Verdict.UNKNOWN)
    said, message = judged[0], VERDICT_REASONS[judged[0].reason].message
    if said.verdict is not Verdict.COMPLIANT:
        message = f"{message} {account.advice.key}"
    return _row(kind, said.reason, message, said.verdict)


def judge_loss(account: PlannedAccount, kinds: Collection[str]) -> Row | None:
    """Return kind, reason and message of what a Terraform plan takes from an account, or None."""
    if not account.before or _is_left_out(kind := _kind_of([account.before]), kinds):
        return None
    reason = CheckReason.KEY_LOST if account.loss is None else CheckReason.ACCOUNT_LOST
    judged = (_judge(entries)[0] for entries in ([account.before], account.entries))
    before, after = ({each.verdict for each in judgements} for judgements in judged)
    is_taken = Verdict.NON_COMPLIANT not in before and after == {Verdict.NON_COMPLIANT}
    if account.loss is None and not is_taken:
        return None
    return _row(kind, reason, CHECK_REASONS[reason].text(account.loss))


def _judge(entries: Sequence[Entry]) -> tuple[list[Judgement], list[str]]:
    """Judge the worst and the best reading of each entry; also return what is left open."""
    judged, notes = [], []

    def filled(value: object, defaults: Entry, name: str = "") -> object:
        if isinstance(value, dict):
            return {key: filled(entry, defaults, key) for key, entry in value.items()}
        if isinstance(value, Unresolved) and name in _BEST:
            notes.append(f"{name} is {brief(value.text)}")
        return defaults.get(name) if isinstance(value, Unresolved) else value

    for entry, defaults in product(entries, (_WORST, _BEST)):
        spend(50)
        if parsed := parse_account(filled(entry, defaults), frozenset()):
            judged.append(judge(parsed))
            if judged[-1].reason is Reason.MALFORMED:
                notes.append(parsed.malformed or "keyName is not the name of a key")
    return judged, notes


def _kind_of(entries: Sequence[Entry]) -> str | None:
    given = {clean_text(entry["kind"]) for entry in entries}
    kind = given.pop() if len(given) == 1 else None
    return kind if kind and _KIND.fullmatch(kind) else None


def _is_left_out(kind: str | None, kinds: Collection[str]) -> bool:
    return kind is not None and kind.lower() not in kinds


def _row(kind: str | None, reason: str, message: str, verdict: str | None = None) -> Row:
    judged = {} if verdict is None else {"verdict": verdict}
    return {"kind": kind, **judged, "reason": reason, "message": message}
