"""Which details change a finding and which do not."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from cmk_check.core.account import Account
from cmk_check.core.enums import ChangeType
from cmk_check.core.requirements import VERDICTS
from tests.fakes.world import bad, good, odd
from tests.unit.core.examples import HOUR, ID, NOON, compared, known_of

LATER = NOON + HOUR


def test_another_broken_part_is_an_update() -> None:
    """Only the message says what to check, so it must be up to date (P11)."""
    broken = replace(odd(ID), malformed="properties.encryption is not an object.")

    (step,) = compared(known_of(odd(ID)), broken, at=LATER).steps

    assert step.changes[0].type is ChangeType.ACCOUNT_UPDATED


def test_a_reworded_message_is_no_difference() -> None:
    """A new version of this program must not announce a change of every account (P4)."""
    known = known_of(bad(ID))
    ((account_id, finding),) = known.findings.items()
    judgement = replace(finding.judgement, message="As an older version put it.")
    older = replace(known, findings={account_id: replace(finding, judgement=judgement)})

    assert compared(older, bad(ID), at=LATER).is_empty


def test_a_change_names_each_piece_of_evidence() -> None:
    """Others read these fields by their names."""
    account = replace(
        good(ID),
        key_version="7",
        identity_type="UserAssigned",
        identity_client_id="client",
        provisioning_state="Succeeded",
        created_at="2026-03-19T21:34:59Z",
    )

    (step,) = compared(known_of(bad(ID)), account, at=LATER).steps

    assert step.changes[0].data["evidence"] == {
        "keySource": "Microsoft.KeyVault",
        "keyName": "cmk",
        "keyVersion": "7",
        "keyVaultUri": "https://kv-cmk.vault.azure.net/",
        "identityType": "UserAssigned",
        "identityClientId": "client",
        "provisioningState": "Succeeded",
        "createdAt": "2026-03-19T21:34:59Z",
    }


def test_another_kind_is_told_as_such_and_names_what_azure_policy_says() -> None:
    """An upgrade to Foundry takes the account out of the built-in policy's scope."""
    (step,) = compared(known_of(bad(ID)), replace(bad(ID), kind="AIServices"), at=LATER).steps

    (told,) = step.changes
    assert told.type is ChangeType.ACCOUNT_KIND_CHANGED
    shared = {"verdict": "non_compliant", "reason": "microsoft_managed_key", "owner": None}
    assert told.data["before"] == shared | {"kind": "OpenAI", "azurePolicy": "non_compliant"}
    assert told.data["after"] == shared | {"kind": "AIServices", "azurePolicy": "not_assessed"}


def test_another_kind_and_another_verdict_are_two_changes() -> None:
    """Neither may hide the other."""
    (step,) = compared(known_of(good(ID)), replace(bad(ID), kind="AIServices"), at=LATER).steps

    assert [told.type for told in step.changes] == [
        ChangeType.ACCOUNT_VIOLATED,
        ChangeType.ACCOUNT_KIND_CHANGED,
    ]


def test_a_kind_in_another_spelling_or_newly_known_is_no_other_kind() -> None:
    """Azure's spelling of kinds varies, and a kind that was missing has not changed."""
    unknown = replace(known_of(bad(ID)).findings[str(bad(ID).id)], kind=None)
    known = replace(known_of(bad(ID)), findings={str(bad(ID).id): unknown})

    (step,) = compared(known, bad(ID), at=LATER).steps

    assert compared(known_of(bad(ID)), replace(bad(ID), kind="OPENAI"), at=LATER).is_empty
    assert [told.type for told in step.changes] == [ChangeType.ACCOUNT_UPDATED]


def test_p1_another_kind_and_another_owner_at_once_are_told() -> None:
    """An error here would turn the subscription into a gap in every later scan."""
    before, after = replace(bad(ID), owner="ai"), replace(bad(ID), kind="AIServices", owner="hr")

    (step,) = compared(known_of(before), after, at=LATER).steps

    (told,) = step.changes
    assert told.data["previousOwner"] == {"value": "ai", "source": "account"}
    sides = [told.data["before"], told.data["after"]]
    assert [isinstance(side, dict) and side["kind"] for side in sides] == ["OpenAI", "AIServices"]


SPRING, SUMMER = "2026-03-19T21:34:59Z", "2026-07-01T08:00:00Z"


def _dated(account: Account, created_at: str | None = SPRING) -> Account:
    return replace(account, created_at=created_at)


@pytest.mark.parametrize("made", [good, bad, odd])
@pytest.mark.parametrize(("had", "has"), [(None, SPRING), (SPRING, SUMMER), (SPRING, None)])
def test_another_date_is_recorded_and_told_to_nobody(
    made: Callable[[str], Account], had: str | None, has: str | None
) -> None:
    """Rows of earlier versions lack it: filling it in must not be an alert of every account."""
    known = known_of(_dated(made(ID), had))

    difference = compared(known, _dated(made(ID), has), at=LATER)

    (step,) = difference.steps
    assert step.changes == ()
    assert step.before is not None
    assert step.after is not None
    assert step.after.judgement.evidence.created_at == has
    evidence = replace(step.after.judgement.evidence, created_at=had)
    assert step.before == replace(
        step.after, judgement=replace(step.after.judgement, evidence=evidence)
    )
    assert (difference.coverage, VERDICTS.is_worse(difference)) == (known.coverage, False)
