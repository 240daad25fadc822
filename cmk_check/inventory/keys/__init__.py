"""Reads the facts about keys: vaults, keys, role assignments."""
