"""The check of exceptions: whether exemptions, and what they rest on, can be read."""

import asyncio
from collections.abc import Sequence
from typing import Final

from cmk_check.core.aspects.aspect import AllJudged
from cmk_check.core.aspects.exceptions import EXCEPTION
from cmk_check.core.comparison.judge import accounts_of
from cmk_check.doctor.examined_app import DoctorSubject
from cmk_check.doctor.results import MarkedText, NotTried
from cmk_check.doctor.sampled_readings import came_of
from cmk_check.inventory.api_versions import ASSIGNMENTS, EXEMPTIONS, SETS
from cmk_check.inventory.gaps import READ_EXEMPTIONS, READ_POLICY_ASSIGNMENTS, READ_POLICY_SETS
from cmk_check.limits import DOCTOR_SAMPLE_SECONDS, DOCTOR_SAMPLED

_NOTHING: Final = (
    "No account that could be read is non-compliant, so there is no violation that an exemption "
    "could accept."
)


def sample(subject: DoctorSubject, subscription_id: str, judged: AllJudged) -> None:
    """Remember a few subscriptions with non-compliant accounts, whose exemptions to read."""
    found = accounts_of(EXCEPTION, judged)
    if found and len(subject.violating) < DOCTOR_SAMPLED:
        subject.violating[subscription_id] = [account.id for account in found]


async def exceptions(subject: DoctorSubject) -> Sequence[MarkedText]:
    """Read the exemptions of a few subscriptions and what they rest on, as a scan does."""
    if subject.settings.exceptions == "off":
        return []
    if not subject.violating:
        raise NotTried(_NOTHING)
    inventory = await subject.exemptions()
    facts = await asyncio.gather(
        *(
            inventory.read(subscription_id, accounts, seconds=DOCTOR_SAMPLE_SECONDS)
            for subscription_id, accounts in subject.violating.items()
        )
    )
    lists = {
        subscription_id: each.exemptions
        for subscription_id, each in zip(subject.violating, facts, strict=True)
    }
    assignments = {name: it for each in facts for name, it in each.assignments.items()}
    sets = {name: it for each in facts for name, it in each.sets.items()}
    return [
        *await came_of(subject, READ_EXEMPTIONS, EXEMPTIONS, "sampled subscriptions", lists),
        *await came_of(
            subject, READ_POLICY_ASSIGNMENTS, ASSIGNMENTS, "assignments of exemptions", assignments
        ),
        *await came_of(subject, READ_POLICY_SETS, SETS, "assigned initiatives", sets),
    ]
