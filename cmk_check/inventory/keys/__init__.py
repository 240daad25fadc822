"""Reads what is behind the keys: vaults, keys, role assignments, encryption scopes."""
