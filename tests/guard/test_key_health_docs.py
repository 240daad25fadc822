"""The page on key health: each reason with its severity, and what the judgement rests on."""

import re
from typing import Final

from cmk_check.core.enums import KeyReason, KeyState
from cmk_check.core.keys.reasons import KEY_MESSAGES, KEY_SEVERITIES
from tests.guard.documents import ROOT, codes, section, table

PAGE: Final = (ROOT / "docs/key-health.md").read_text()
REASONS: Final = table(PAGE, "code")


def test_each_reason_stands_on_the_page_with_its_severity() -> None:
    """Whoever is woken by a reason looks it up there."""
    told = {row[0].strip("`"): row[1] for row in REASONS}

    assert codes(REASONS) == list(KeyReason) == list(KEY_MESSAGES)
    assert told == {code.value: severity.value for code, severity in KEY_SEVERITIES.items()}
    assert all(row[2] and row[3] and row[4] for row in REASONS)


def test_each_state_stands_on_the_page() -> None:
    """A state that is not explained is taken for another."""
    assert sorted(codes(table(PAGE, "state"))) == sorted(KeyState)


def test_each_reason_that_the_commands_name_is_one() -> None:
    """A command is found by the reason above it."""
    comments = re.findall(r"(?m)^# (.*)$", section(PAGE, "Reasons"))
    named = {name for comment in comments for name in re.findall(r"[a-z]+(?:_[a-z]+)+", comment)}
    linked = {row[0].strip("`") for row in REASONS if "](#commands)" in row[4]}

    assert linked <= named <= set(KeyReason)
