"""The settings, read from environment variables."""
