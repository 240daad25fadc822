"""Read existing accounts from the output of `az cognitiveservices account show` and `list`.

`az rest` prints a page from Azure Resource Manager, whose ``value`` contains the accounts.
"""

import re
from collections.abc import Sequence
from typing import Final

from cmk_check.core.account import Evidence, Judgement, parse_account
from cmk_check.core.enums import Reason, Verdict
from cmk_check.core.planned.account import Entry, PlannedAccount
from cmk_check.core.planned.document import member, spend
from cmk_check.core.resource_id import ACCOUNT_TYPE
from cmk_check.core.rule import build_judgement, judge
from cmk_check.core.text import as_object, clean_text, fold_id

_RESOURCE: Final = re.compile(
    r"/subscriptions/[^/]+/(?:.*/)?providers/(microsoft\.[a-z]+/.+)", re.IGNORECASE | re.ASCII
)
_NEXT: Final = "nextLink"
# Azure lists only the accounts that the identity may read.
_EMPTY: Final = (
    "The list is empty. It may be of another subscription, or of an identity without rights. Check "
    "both with `az account show`; a scan finds out whether it may read a subscription."
)
_INCOMPLETE: Final = "The list is incomplete, because it has a nextLink. Provide all pages."


def read_accounts(document: object) -> list[PlannedAccount] | None:
    """Return the accounts in the output of `az`, or None if the document is not such output.

    An entry without a usable id counts as an unknown account. If a list is incomplete, an
    additional unknown account represents the missing part.
    """
    page = as_object(document)
    entries = member(page, "value") if page else document
    if not isinstance(entries, list):
        if "id" not in page or _is_another_resource(page):
            return None
        entries = [page]
    accounts = [
        _read(entry, f"[{index}]")
        for index, entry in enumerate(entries)
        if not _is_another_resource(entry)
    ]
    missing = (_NEXT, _INCOMPLETE) if page.get(_NEXT) else None if entries else ("[]", _EMPTY)
    if missing:
        judgement = Judgement(Verdict.UNKNOWN, Reason.MALFORMED, missing[1], Evidence())
        accounts.append(_judge(page, missing[0], judgement))
    return accounts


def _read(entry: object, place: str) -> PlannedAccount:
    spend(50)
    if account := parse_account(entry, frozenset()):
        kinds = [Entry(account.kind, None)]
        return _judge(entry, account.id.text, judge(account), account.id.name, kinds)
    judgement = build_judgement(Reason.MALFORMED, "it has no usable id")
    return _judge(entry, place, judgement, clean_text(as_object(entry).get("name")))


def _judge(
    entry: object,
    address: str,
    judgement: Judgement,
    name: str | None = None,
    kinds: Sequence[Entry] = (),
) -> PlannedAccount:
    line = getattr(entry, "line", None)
    return PlannedAccount(name or address, address, line, kinds, None, judgement)


def _is_another_resource(entry: object) -> bool:
    match = _RESOURCE.fullmatch(fold_id(as_object(entry).get("id")))
    parts = match[1].split("/") if match else []
    return bool(parts) and "/".join((parts[0], *parts[1::2])) != ACCOUNT_TYPE
