"""Reports, continuously and with evidence, which Azure OpenAI accounts are not under a CMK."""

from typing import Final

VERSION: Final = "0.1.0"
"""The version in ``pyproject.toml``, because a deployed app has no package metadata."""
