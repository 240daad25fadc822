"""The documents on Azure Policy and on controls say what the program does."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import pytest

from cmk_check.core.account import Account, parse_account
from cmk_check.core.controls import CONTROLS
from cmk_check.core.enums import ControlMapping, Reason
from cmk_check.core.exceptions.judge_exception import CMK_POLICY
from cmk_check.core.rule import judge
from tests.fakes.policy_rule import _APPLICABLE, TYPE, VERSION, accounts_of, is_hit
from tests.guard.documents import ROOT, RULE, of_clause, table

AS_OF: Final = "29 April 2026"


BUILT_IN: Final = {
    "allOf": [
        {"field": "type", "equals": TYPE},
        {"field": f"{TYPE}/encryption.keySource", "notEquals": "Microsoft.KeyVault"},
        {"field": "kind", "notIn": "[parameters('excludedKinds')]"},
    ]
}


EXCLUDED_KINDS: Final = (
    *("CognitiveServices", "ContentSafety", "ImmersiveReader", "HealthInsights", "LUIS.Authoring"),
    *("LUIS", "QnAMaker", "QnAMaker.V2", "AIServices", "MetricsAdvisor", "SpeechTranslation"),
    *("Internal.AllInOne", "ConversationalLanguageUnderstanding", "knowledge"),
    *("TranscriptionIntelligence", "HealthDecisionSupport"),
)


def state_by(condition: Mapping[str, Any], account: Mapping[str, Any], parameters: object) -> str:
    """Return the state that the ``if`` of a policy gives an account."""
    applicable = [part for part in condition["allOf"] if part["field"] in _APPLICABLE]
    if not is_hit({"allOf": applicable}, account, parameters):
        return "not assessed"
    return "non-compliant" if is_hit(condition, account, parameters) else "compliant"


POLICY: Final = (ROOT / "docs/azure-policy.md").read_text()
DEFAULTS: Final = {"excludedKinds": list(EXCLUDED_KINDS)}
OWN: Final = json.loads((ROOT / "infra/policy/rule.json").read_text())["if"]
CLAUSES: Final = table(POLICY, "clause")


def test_the_documents_name_the_policy_and_the_version_that_is_compared() -> None:
    """A rule of another version may say something else."""
    assert CMK_POLICY.rpartition("/")[2] in POLICY
    assert f"version {VERSION}, as of {AS_OF} in" in POLICY
    assert f"built-in {VERSION}" in (ROOT / "README.md").read_text()
    assert f"leaves out {len(EXCLUDED_KINDS)} kinds" in POLICY


def compared(estate: str) -> Counter[tuple[str, ...]]:
    """Count the accounts of an estate that are judged, by what each rule says of them."""
    rows: Counter[tuple[str, ...]] = Counter()
    for raw in accounts_of(estate):
        account = parse_account(raw, frozenset())
        assert isinstance(account, Account)
        if account.kind not in {"OpenAI", "AIServices"}:
            continue
        judgement = judge(account)
        said = "not known", "not known"
        if judgement.reason is not Reason.MALFORMED:
            said = state_by(BUILT_IN, raw, DEFAULTS), state_by(OWN, raw, {})
        rows[account.kind, f"`{judgement.verdict}`", *said] += 1
    return rows


def test_the_table_of_sample_estates_is_what_each_rule_says_of_their_accounts() -> None:
    """Whoever tries the app sees the same differences, and finds each explained."""
    written: dict[str, Counter[tuple[str, ...]]] = {}
    for estate, number, *said in table(POLICY, "sample estate"):
        written.setdefault(estate.strip("`"), Counter())[tuple(said)] += int(number)

    files = (ROOT / "local/simulator/estates").glob("*.json")
    assert written == {path.stem: rows for path in sorted(files) if (rows := compared(path.stem))}
    # A clause that is left out is the one that somebody looks for.
    assert {row[0].partition(",")[0] for row in CLAUSES} == {row[0] for row in table(RULE, "#")}


@pytest.mark.parametrize("row", CLAUSES, ids=lambda row: row[0].partition(",")[0])
def test_the_table_compares_each_clause_as_the_program_does(row: list[str]) -> None:
    """The example of the clause is judged as each kind, by both."""
    raw = json.loads(of_clause(row[0].partition(",")[0]))
    verdict, said = "", []
    for kind in ("OpenAI", "AIServices"):
        account = parse_account(raw | {"kind": kind}, frozenset())
        assert isinstance(account, Account)
        judgement = judge(account)
        verdict, is_known = judgement.verdict, judgement.reason is not Reason.MALFORMED
        raw_of_kind = {"type": TYPE, **raw, "kind": kind}
        said.append(state_by(BUILT_IN, raw_of_kind, DEFAULTS) if is_known else "not known")

    assert row[1:] == [f"`{verdict}`", *said]


def test_a_control_is_microsofts_only_with_its_initiative() -> None:
    """A mapping without a source would be our own claim."""
    assert len({(one.framework, one.control) for one in CONTROLS}) == len(CONTROLS)
    for one in CONTROLS:
        assert (one.mapping is ControlMapping.MICROSOFT) == (one.initiative is not None)
