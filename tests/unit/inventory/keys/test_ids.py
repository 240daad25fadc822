"""Only ids of vaults and keys become parts of URLs and queries."""

from dataclasses import replace

import pytest

from cmk_check.inventory.keys.ids import KeyId, VaultId

SUBSCRIPTION = "8d3c0000-0000-4000-8000-00000000000A"
VAULT = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/Rg-(ä)/providers/Microsoft.KeyVault/vaults/Kv-a"
)


def test_id_is_taken_apart_in_lower_case() -> None:
    """Azure promises no casing, and each thing is to be asked for once."""
    vault = VaultId.parse(VAULT.replace("Rg-(ä)", "Rg-Keys"))

    assert vault is not None
    assert (vault.subscription_id, vault.group) == (SUBSCRIPTION.lower(), "rg-keys")
    assert (vault.name, vault.is_managed_hsm) == ("kv-a", False)
    assert vault.text == vault.path == VAULT.replace("Rg-(ä)", "Rg-Keys").lower()
    assert KeyId.build(vault, "CMK") == KeyId(vault, "cmk")
    assert VaultId.parse(VAULT.replace("vaults", "managedHSMs")) == replace(
        vault, group="Rg-(ä)", is_managed_hsm=True
    )


def test_group_of_other_letters_is_asked_for_as_it_is_spelled_p1() -> None:
    """P1: Python and Azure do not agree on all cases; the vault would pass for one that is gone."""
    vault = VaultId.parse(VAULT.replace("Rg-(ä)", "İstanbul"))

    assert vault is not None
    assert vault.path != vault.text == vault.path.lower()
    assert KeyId(vault, "cmk").path == f"{vault.path}/keys/cmk"
    assert "/İstanbul/" in vault.path


@pytest.mark.parametrize(
    "text",
    [
        None,
        7,
        "",
        VAULT[1:],
        f"{VAULT}/",
        f"{VAULT}?x=1",
        VAULT.replace("Kv-a", "kv"),
        VAULT.replace("Rg-(ä)", ".."),
        VAULT.replace("Rg-(ä)", "a\nb"),
        VAULT.replace("Rg-(ä)", "g" * 91),
        VAULT.replace(SUBSCRIPTION, "s"),
        VAULT.replace("Kv-a", "\u212av-a"),
    ],
)
def test_what_is_no_vaults_id_is_none_p10(text: object) -> None:
    """P10: it stands in rows and answers, and would be asked for with a token."""
    assert VaultId.parse(text) is None


@pytest.mark.parametrize("name", [None, "", " ", "a/b", "..", "a'b", "k" * 128, "\u212aey"])
def test_what_is_no_keys_name_is_none_p10(name: str | None) -> None:
    """P10: as above."""
    vault = VaultId.parse(VAULT)

    assert vault is not None
    assert KeyId.build(vault, name) is None
