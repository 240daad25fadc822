"""The lines that queries are held against."""

import logging

import pytest

from tests.guard.log_line_samples import write_lines


@pytest.fixture
async def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return a line of each kind, as the app writes it."""
    caplog.set_level(logging.INFO, logger="cmk_check.lines")
    await write_lines()
    return list(caplog.messages)
