"""Reading the key facts of accounts: vaults, keys, role assignments, encryption scopes."""
