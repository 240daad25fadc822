"""Reads subscriptions and accounts from Azure Resource Manager; nothing else calls it."""
