"""What the doctor concludes from all that it has read: the actions of the role, and the report."""

from collections import Counter
from dataclasses import replace
from typing import Any, Final

from cmk_check import VERSION
from cmk_check.composition_root import SystemClock
from cmk_check.core.enums import GapReason
from cmk_check.core.gap import Gap
from cmk_check.core.keys.facts import Vault
from cmk_check.core.unread import Unread
from cmk_check.doctor import assumptions, azure_checks
from cmk_check.inventory.api_versions import get_type_of_action
from cmk_check.inventory.gaps import ALL_ACTIONS, EXCEPTION_ACTIONS, READ_CHANGES
from tests.fakes.changes import ScriptedChanges
from tests.fakes.keys import HEALTHY
from tests.unit.doctor.subjects import AZURITE, ScriptedPatient, told

FORBIDDEN: Final = GapReason.FORBIDDEN
ENTRA: Final = {"CMK_HTTP_AUTH": "entra", "WEBSITE_HOSTNAME": "app.azurewebsites.net"}


async def test_an_action_works_is_missing_or_was_not_tried() -> None:
    """P11: who grants the role sees what it lacks; one that works somewhere is not missing."""
    *_, missing, works = ALL_ACTIONS
    named = "Microsoft.KeyVault/managedHSMs/read"
    subject = ScriptedPatient.over()
    nothing = await told(azure_checks.actions, subject)
    subject.answers[get_type_of_action(works)] = Counter({None: 1, FORBIDDEN: 2})
    subject.answers[get_type_of_action(missing)] = Counter({FORBIDDEN: 1})
    subject.refused = {named, works}

    said = await told(azure_checks.actions, subject)

    count = len(ALL_ACTIONS)
    cure = "Grant the app's identity the Reader role, or a role with this action."
    assert nothing == [
        ("skipped", f"None of the {count} actions of the role was tried; see above.")
    ]
    assert said[:3] == [
        ("ok", f"1 of {count} actions of the role work."),
        ("warning", f"May be missing for key health: {named}; a line above says where."),
        ("problem", f"Missing for exceptions: {missing}. {cure}"),
    ]
    assert {mark for mark, _ in said[3:]} == {"skipped"}
    untried = [action for action in ALL_ACTIONS if action not in {named, missing, works}]
    for action in untried:
        assert sum(f" {action}," in text or f" {action}." in text for _, text in said[3:]) == 1
    assert [text.partition(": ")[0] for _, text in said[3:]] == [
        f"Not tried for {feature}"
        for feature in (
            *("every scan", "CMK_MANAGEMENT_GROUP", "the watch for changes", "key health"),
            "exceptions",
        )
    ]


async def test_a_report_says_of_each_assumption_what_was_seen_of_it() -> None:
    """It goes to strangers: beliefs, results and counts, with what to do where nothing was seen."""
    subject = ScriptedPatient.over(environ=AZURITE | ENTRA)
    assert isinstance(HEALTHY.vault, Vault)
    refused = Unread(Gap(FORBIDDEN, detail="No (400 ForbiddenByRbac)."))
    vault = replace(HEALTHY.vault, uses_rbac=True)
    subject.key_facts = [replace(HEALTHY, vault=vault, key=refused, grants=None)]
    types = [get_type_of_action(action) for action in EXCEPTION_ACTIONS]
    for kind in types:
        subject.answers[kind] = Counter({None: 1})
    subject.search = ScriptedChanges(SystemClock())
    subject.search.gap = Gap(FORBIDDEN, READ_CHANGES, "Contoso refuses.")

    document, sentence = await assumptions.report(subject)

    texts = assumptions.texts()
    found: Any = document["assumptions"]
    assert found.keys() == texts.keys()
    assert (document["format"], document["program"]) == (1, VERSION)
    assert document["cloud"] == "public"
    works = dict.fromkeys(EXCEPTION_ACTIONS, "works")
    assert document["actions"] == dict.fromkeys(ALL_ACTIONS, "not_tried") | works
    assert found["policy-versions"] == {
        "belief": texts["policy-versions"]["belief"],
        "result": "proved",
        "evidence": ("Types: 3 as assumed, 0 not", *sorted(f"of {kind}" for kind in types)),
    }
    assert found["changes-read"] == {
        "belief": texts["changes-read"]["belief"],
        "see": texts["changes-read"]["see"],
        "result": "not_reached",
        "evidence": (f"forbidden, {READ_CHANGES}",),
    }
    refuted = {
        "keys-with-roles": ("Answers: 0 as assumed, 1 not", "forbidden, forbiddenbyrbac"),
        "sign-in-variable": ("Apps: 0 as assumed, 1 not",),
    }
    assert {name: found[name]["evidence"] for name in refuted} == refuted
    counts = Counter(each["result"] for each in found.values())
    assert sentence == (
        f"{counts['proved']} assumptions are proved, 2 refuted ({', '.join(refuted)}), "
        f"{counts['not_reached']} not reached."
    )
