"""Tests the app's adapters one by one, with settings that may be partly invalid."""
