"""An estate in which nothing speaks against green but violations that are accepted for a time."""

from datetime import UTC, datetime, timedelta
from typing import Final

from local.simulator import CMK_POLICY, Estate, PolicyObject, builtin_id
from tests.functional.estate_kit import CMK, MICROSOFT, estate_of, sub_id

ACCEPT: Final = {"CMK_EXCEPTIONS": "accept"}
COMPANY: Final = "/providers/Microsoft.Management/managementGroups/company"


def accepted_estate(**expiry: timedelta) -> tuple[Estate, dict[str, PolicyObject]]:
    """Return a compliant account, and others whose violations are accepted for a time."""
    estate = estate_of({"search": CMK} | dict.fromkeys(expiry, MICROSOFT))
    return estate, {name: accept(estate, name, left) for name, left in expiry.items()}


def accept(estate: Estate, name: str, left: timedelta) -> PolicyObject:
    """Accept for a time the violation of an account of the first subscription."""
    subscription = estate.subscription(sub_id(1))
    subscription.management_groups = ("company",)
    assignment = estate.policies.assign(COMPANY, "cmk", builtin_id(CMK_POLICY))
    return estate.policies.exempt(
        subscription.accounts[name].id,
        name,
        assignment.id,
        expiresOn=f"{datetime.now(UTC) + left:%Y-%m-%dT%H:%M:%SZ}",
    )
