"""The tables of reasons in the documents, against the catalogue: word for word."""

import re
from collections.abc import Mapping
from typing import Final

import pytest

from cmk_check.core.enums import (
    Actor,
    KeyReason,
    KeyState,
    PolicyReason,
    ReasonArea,
    ReasonSeverity,
)
from cmk_check.core.reasons.catalogue import CATALOGUE, KEY_REASONS
from cmk_check.core.reasons.key_sentences import key_severity
from tests.guard.documents import HTTP, ROOT, RULE, section, table

KEY_HEALTH: Final = (ROOT / "docs/key-health.md").read_text()
DATA_STORES: Final = (ROOT / "docs/data-stores.md").read_text()
EXCEPTIONS: Final = (ROOT / "docs/exceptions.md").read_text()
REMEDIATION: Final = (ROOT / "docs/remediation.md").read_text()
POLICY: Final = (ROOT / "docs/azure-policy.md").read_text()
OPERATIONS: Final = (ROOT / "docs/operations.md").read_text()
TABLES: Final = {
    ReasonArea.VERDICT: table(RULE, "verdict reason"),
    ReasonArea.GAP: table(RULE, "gap"),
    ReasonArea.KEY: [[row[0], *row[3:]] for row in table(KEY_HEALTH, "code")],
    ReasonArea.EXCEPTION: table(EXCEPTIONS, "reason"),
    ReasonArea.DATA: table(DATA_STORES, "reason"),
    ReasonArea.POSTURE: table(RULE, "posture reason"),
    ReasonArea.AZURE_POLICY: table(POLICY, "policy reason"),
}
ACTORS: Final[Mapping[str, str]] = {
    code: entry.actor for entries in CATALOGUE.values() for code, entry in entries
}


@pytest.mark.parametrize("area", ReasonArea)
def test_the_table_of_an_area_is_the_catalogue(area: ReasonArea) -> None:
    """Whoever is woken by a reason looks it up there, and must find what the alert says."""
    assert TABLES[area] == [
        [f"`{code}`", entry.message, entry.way_out, f"`{entry.actor}`"]
        for code, entry in CATALOGUE[area]
    ]


def test_each_reason_of_key_health_has_its_severity_and_says_when() -> None:
    """What the judgement rests on stands nowhere else."""
    rows = table(KEY_HEALTH, "code")

    assert [row[1] for row in rows] == [key_severity(code) for code in KEY_REASONS]
    assert all(row[2] for row in rows)


def test_each_state_of_a_key_stands_on_the_page() -> None:
    """A state that is not explained is taken for another."""
    assert sorted(row[0].strip("`") for row in table(KEY_HEALTH, "state")) == sorted(KeyState)


def test_each_reason_of_key_health_has_a_plan_or_is_said_to_have_none() -> None:
    """Whoever looks for the plan of a reason finds one or why there is none."""
    planned = table(section(REMEDIATION, "Plans for keys"), "reason")
    without = table(section(KEY_HEALTH, "Reasons"), "reason")

    shown = {code for row in (*planned, *without) for code in re.findall(r"`(\w+)`", row[0])}

    assert shown == set(KEY_REASONS) - {KeyReason.KEY_SIZE_DISPUTED}  # nothing has to be done


def test_who_operates_finds_each_reason_with_who_acts() -> None:
    """An unknown that is nobody's stays."""
    good_news = {"customer_managed_key", "never_configured", "microsoft_managed_key"}
    parts = ("Keys", "Gaps", "Exceptions", "Data stores", "Postures and unknowns")
    rows = [row for part in parts for row in table(section(OPERATIONS, part), "reasons")]

    shown = {name: row[1].strip("`") for row in rows for name in re.findall(r"`(\w+)`", row[0])}

    nobody_waits_for = good_news | {"key_not_named"} | set(PolicyReason)
    assert shown == {c: a for c, a in ACTORS.items() if c not in nobody_waits_for}


def test_severities_and_actors_are_explained() -> None:
    """Callers route tickets by them."""
    text = section(HTTP, "GET /api/v1/reasons")

    for head, values in (("severity", ReasonSeverity), ("actor", Actor)):
        assert [row[0].strip("`") for row in table(text, head)] == list(values)


def test_the_examples_speak_as_the_api_does() -> None:
    """A sentence that is quoted elsewhere is searched for there."""
    texts = {code: entry for entries in CATALOGUE.values() for code, entry in entries}
    pair = re.compile(r'"code": "(\w+)", (?:"severity": "\w+", )?"message": "([^"]+)"')

    found = pair.findall(HTTP)

    assert len(found) > 5
    for code, message in found:
        entry = texts[code]
        assert message.startswith(entry.message.removesuffix("."))
        assert message.endswith(entry.way_out)
