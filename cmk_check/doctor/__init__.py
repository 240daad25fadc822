"""Checks of a set-up, made with the app's own adapters."""
