"""A finding with every date there is, and rows as a store gives them back."""

from datetime import UTC, datetime
from typing import Final

from cmk_check.core.account import Evidence, Judgement
from cmk_check.core.enums import Reason, Verdict
from cmk_check.core.model import Finding, Transition
from cmk_check.core.resource_id import AccountId
from cmk_check.ports import Entity
from cmk_check.store import codec, table_checks

NOON: Final = datetime(2026, 11, 25, 12, tzinfo=UTC)
SUBSCRIPTION: Final = "8d3c0000-0000-4000-8000-000000000001"


def account_id(group: str, name: str) -> AccountId:
    """Return the id of an account."""
    text = (
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}"
        f"/providers/Microsoft.CognitiveServices/accounts/{name}"
    )
    return AccountId(SUBSCRIPTION, group, name, text.lower())


def entity(values: codec.Values, row: str = "row", partition: str = SUBSCRIPTION) -> Entity:
    """Return a row as a store gives it back."""
    return Entity(partition, row, "etag", table_checks.remove_nones(values))


def finding() -> Finding:
    """Return a finding with every date there is."""
    judgement = Judgement(Verdict.NON_COMPLIANT, Reason.KEY_NOT_NAMED, "No key.", Evidence())
    return Finding(
        account_id("rg", "chat"),
        "OpenAI",
        "westeurope",
        {},
        judgement,
        "1",
        NOON,
        NOON,
        NOON,
        Verdict.COMPLIANT,
        2,
        (Transition(NOON, Verdict.NON_COMPLIANT, Reason.KEY_NOT_NAMED, "scan"),),
    )
