"""Reading what is behind an account: vaults, keys, role assignments, encryption scopes."""
