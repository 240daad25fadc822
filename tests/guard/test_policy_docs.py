"""The documents on Azure Policy and on controls say what the program does."""

import json
from typing import Final

import pytest

from cmk_check.core.accounts import parse_account
from cmk_check.core.azure_policy import POLICY_ID, POLICY_VERSION, policy_answer
from cmk_check.core.controls import CAUTION, CONTROLS
from cmk_check.core.enums import ControlMapping
from cmk_check.core.model import Account
from cmk_check.core.rule import judge
from tests.guard.documents import ROOT, RULE, of_clause, table

POLICY: Final = (ROOT / "docs/azure-policy.md").read_text()
LISTED: Final = (ROOT / "docs/controls.md").read_text()
CLAUSES: Final = table(POLICY, "clause")


def test_the_document_names_the_version_that_the_program_follows() -> None:
    """A rule of another version may say something else."""
    assert POLICY_ID in POLICY
    assert f"version {POLICY_VERSION}" in POLICY


@pytest.mark.parametrize("row", CLAUSES, ids=lambda row: row[0].partition(",")[0])
def test_the_table_compares_each_clause_as_the_program_does(row: list[str]) -> None:
    """The example of the clause is judged as each kind, by both."""
    raw = json.loads(of_clause(row[0].partition(",")[0]))
    verdict, said = "", []
    for kind in ("OpenAI", "AIServices"):
        account = parse_account(raw | {"kind": kind}, frozenset())
        assert isinstance(account, Account)
        judgement = judge(account)
        verdict, answer = judgement.verdict, policy_answer(kind, judgement)
        said.append(f"`{answer.state}`" if answer else "not known")

    assert row[1:] == [f"`{verdict}`", *said]


def test_each_clause_of_the_rule_is_compared() -> None:
    """A clause that is left out is the one that somebody looks for."""
    clauses = {row[0] for row in table(RULE, "#")}

    assert {row[0].partition(",")[0] for row in CLAUSES} == clauses


def test_the_controls_are_those_that_the_app_serves() -> None:
    """An auditor compares them, and must find the same sources."""
    assert table(LISTED, "framework") == [
        [
            one.framework,
            f"`{one.control}`",
            f"`{one.mapping}`",
            f"`{one.initiative}`" if one.initiative else "",
            one.version or "",
        ]
        for one in CONTROLS
    ]
    assert CAUTION in LISTED


def test_a_control_is_microsofts_only_with_its_initiative() -> None:
    """A mapping without a source would be our own claim."""
    assert len({(one.framework, one.control) for one in CONTROLS}) == len(CONTROLS)
    for one in CONTROLS:
        assert (one.mapping is ControlMapping.MICROSOFT) == (one.initiative is not None)
