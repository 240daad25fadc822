"""Tries the app's own adapters one by one, with settings that may be partly wrong."""
