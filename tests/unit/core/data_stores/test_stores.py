"""What stores say of their keys."""

from typing import Final

import pytest

from cmk_check.core.data_stores.facts import StoreKey
from cmk_check.core.data_stores.parsing import parse_store
from cmk_check.core.enums import StoreType

STORAGE, COSMOS, SEARCH, WORKSPACE = StoreType
VAULT: Final = "https://vault.example.net"
KEY: Final = f"{VAULT}/keys/k1"
OWN: Final = StoreKey(own=True, address=KEY)
MICROSOFT: Final = StoreKey(own=False)
ODD: Final = StoreKey(None)
IN_VAULT: Final = {"keyname": "k1", "keyvaulturi": f"{VAULT}/"}
REVOKED: Final = "Access to your account is currently revoked because the key was not found."


def _storage(source: object, key: object = None) -> dict[str, object]:
    return {"encryption": {"keySource": source, "keyvaultproperties": key}}


def _search(enforcement: object, status: object) -> dict[str, object]:
    said = {"enforcement": enforcement, "encryptionComplianceStatus": status}
    return {"encryptionWithCmk": said}


@pytest.mark.parametrize(
    ("kind", "properties", "key"),
    [
        (STORAGE, _storage("Microsoft.Keyvault", IN_VAULT), OWN),
        (STORAGE, _storage("Microsoft.Storage"), MICROSOFT),
        (STORAGE, _storage("Microsoft.Keyvault"), ODD),
        (STORAGE, _storage("Microsoft.Keyvault", IN_VAULT | {"keyname": " "}), ODD),
        (COSMOS, {"keyVaultKeyUri": KEY}, OWN),
        (
            COSMOS,
            {
                "keyVaultKeyUri": KEY,
                "customerManagedKeyStatus": "Access to the configured customer managed key "
                "confirmed.",
            },
            OWN,
        ),
        (
            COSMOS,
            {"keyVaultKeyUri": KEY, "customerManagedKeyStatus": REVOKED},
            StoreKey(own=True, address=KEY, is_lost=True),
        ),
        (
            COSMOS,
            {"keyVaultKeyUri": KEY, "customerManagedKeyStatus": "Pending."},
            StoreKey(None, KEY),
        ),
        (COSMOS, {"keyVaultKeyUri": KEY, "customerManagedKeyStatus": 5}, ODD),
        *(
            (COSMOS, {"keyVaultKeyUri": KEY, "customerManagedKeyStatus": said}, StoreKey(None, KEY))
            for said in ("Access could not be confirmed.", "Access is not confirmed.")
        ),
        (COSMOS, {"keyVaultKeyUri": 5}, ODD),
        (COSMOS, {"keyVaultKeyUri": " "}, MICROSOFT),
        (COSMOS, {}, MICROSOFT),
        (SEARCH, _search("Enabled", "Compliant"), StoreKey(own=True)),
        (SEARCH, _search("Enabled", "NonCompliant"), MICROSOFT),
        (SEARCH, _search("Disabled", "Compliant"), MICROSOFT),
        (SEARCH, {"encryptionWithCmk": None}, MICROSOFT),
        (SEARCH, {"encryptionWithCmk": "Enabled"}, ODD),
        (
            WORKSPACE,
            {"encryption": {"status": "Enabled", "keyVaultProperties": {"keyIdentifier": KEY}}},
            OWN,
        ),
        (WORKSPACE, {"encryption": {"status": "Disabled"}}, MICROSOFT),
        (WORKSPACE, {}, MICROSOFT),
        (WORKSPACE, {"encryption": {}}, ODD),
    ],
)
def test_a_store_is_under_the_key_that_it_says(
    kind: StoreType, properties: object, key: StoreKey
) -> None:
    """P1: only the documented words mean a customer-managed key; others mean worse or unknown."""
    assert parse_store(kind, {"properties": properties}) == key


def test_the_project_of_a_hub_does_not_say_it() -> None:
    """It has its hub's key, which is not read: without a statement its key is unknown."""
    assert parse_store(WORKSPACE, {"kind": "Project", "properties": {}}) == ODD


def test_a_search_service_may_name_the_key_of_all_its_objects() -> None:
    """Then it is shown."""
    cmk = _search("Enabled", "Compliant")["encryptionWithCmk"]
    assert isinstance(cmk, dict)
    named = cmk | {"serviceLevelEncryptionKey": {"vaultUri": VAULT, "keyName": "k1"}}

    assert parse_store(SEARCH, {"properties": {"encryptionWithCmk": named}}) == OWN
