"""Tests the app's adapters one by one, even if some of the settings are invalid."""
