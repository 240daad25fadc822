"""``doctor`` where keys are looked at: the rights that this takes, tried as a scan uses them."""

from typing import Final

import pytest

from local.simulator import KeySpec, Simulator, VaultSpec
from tests.functional.doctor_kit import doctor
from tests.functional.estate_kit import CMK, estate_of, sub_id

READ_KEYS: Final = "Microsoft.KeyVault/vaults/keys/read"


@pytest.mark.long
def test_p11_rights_that_keys_lack_are_named_and_granting_them_ends_it() -> None:
    """Whoever upgrades finds out here that the role has to be deployed again, and where."""
    estate = estate_of({"chat": CMK}, {})
    vault = VaultSpec(name="kv-test", group="rg-keys", keys=[KeySpec(name="cmk")])
    estate.subscription(sub_id(2)).vaults.add(vault)
    denied = estate.denials.add(READ_KEYS, f"/subscriptions/{sub_id(2)}")
    with Simulator(estate) as azure:
        before, lacking = doctor(azure.environment())
        estate.denials.remove(denied)
        after, granted = doctor(azure.environment())
        asked = {(one.method, one.path) for one in azure.requests if one.method != "GET"}

    assert (before, after) == (3, 0)
    assert lacking["keys"] == [
        (
            "problem",
            (
                f"forbidden for chat (kv-test.vault.azure.net in {sub_id(2)}): Azure denied "
                "access (403 AuthorizationFailed). Grant the app's identity the role Reader, or a "
                "role with "
                f"the missing action ({READ_KEYS})."
            ),
        )
    ]
    assert granted["keys"] == [("ok", "1 of 1 sampled keys can be read.")]
    assert asked == {("POST", "/providers/Microsoft.ResourceGraph/resources")}
