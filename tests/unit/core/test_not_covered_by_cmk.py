"""What a key does not cover, only for accounts under a key."""

from dataclasses import replace

import pytest

from cmk_check.core.data_stores.account_data import AccountData, DataConcern, DataStore, StoreUse
from cmk_check.core.enums import DataReason, DataState, StoreState, StoreType, StoreUsage, Verdict
from cmk_check.core.not_covered_by_cmk import limits_of
from tests.unit.core.examples import NOON


def test_of_an_openai_account_it_is_said_what_goes_on_after_the_key_is_revoked() -> None:
    """A person who revokes a key relies on its effect; without a key, no limit matters."""
    (only,) = limits_of("openai", Verdict.COMPLIANT)

    assert "after the key is revoked" in only
    for verdict in (Verdict.NON_COMPLIANT, Verdict.UNKNOWN):
        assert limits_of("AIServices", verdict) == ()


def test_where_data_stores_were_read_it_names_what_the_account_uses() -> None:
    """Features that the account does not use are noise for the person who must act."""
    speech = DataStore(
        StoreType.STORAGE_ACCOUNT,
        "/s",
        "voices",
        StoreState.OWN_KEY,
        uses=(StoreUse(StoreUsage.SPEECH_AND_LANGUAGE),),
    )
    files = replace(speech, id="/f", name="files1", uses=(StoreUse(StoreUsage.FILES, "p1"),))
    data = AccountData(DataState.MAY_BE_MICROSOFT_KEYS, (), (files, speech), NOON, ("p2",))

    used = limits_of("AIServices", Verdict.COMPLIANT, data)
    unused = limits_of("AIServices", Verdict.COMPLIANT, AccountData(DataState.NONE))

    named = [text.rpartition(": ")[2] for text in used if ": " in text]
    assert named == ["files1.", "p2.", "voices."]
    assert not any("agent" in text.lower() for text in unused)
    assert any("hosted agent" in text for text in used)
    assert any("Agent 365" in text for text in used)


@pytest.mark.parametrize("why", [DataReason.PLACES_UNREAD, DataReason.TOO_MANY_STORES])
def test_where_they_could_not_be_read_it_names_what_the_kind_could_use(why: DataReason) -> None:
    """Unread features may be in use."""
    data = AccountData(DataState.UNKNOWN, (DataConcern(why),))

    kind, verdict = "AIServices", Verdict.COMPLIANT
    assert limits_of(kind, verdict, data) == limits_of(kind, verdict)
