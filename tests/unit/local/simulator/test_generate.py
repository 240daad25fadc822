"""Generated estates: of the same size they are the same, and their keys exist if that is asked."""

from local.simulator.accounts import find
from local.simulator.generate import generate


def test_with_keys_each_key_that_an_account_names_exists() -> None:
    """Else a benchmark of keys would measure how vaults are looked for in vain."""
    estate = generate(subscriptions=20, accounts=5, keys=True)
    documents = [
        account.document()
        for subscription in estate.subscriptions
        for account in subscription.accounts.values()
    ]
    keys = [find(document, "properties.encryption.keyVaultProperties") for document in documents]
    named = {
        (key["keyVaultUri"], key["keyName"])
        for key in keys
        if isinstance(key, dict) and key["keyName"]
    }
    vaults = estate.subscriptions[0].vaults.all

    assert named == {
        (f"https://{vault.name}.vault.azure.net/", key.name)
        for vault in vaults
        for key in vault.keys
    }
