"""Reads subscriptions and accounts; the only package that calls Azure Resource Manager."""
