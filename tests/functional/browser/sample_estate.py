"""The data in most of these tests: the sample estate, and hostile names."""

from typing import Final

from local.simulator import Access, AccountSpec, Estate, load_estate
from tests.functional.estate_kit import CMK, MICROSOFT, sub_id

SCRIPT: Final = "<script>alert(1)</script>"
FORMULA: Final = "=cmd|' /C calc'!A0"
BACKWARDS: Final = "\u202egnp.exe"
# As long as ARM lets the name of an account, and that of a group, be.
LONG: Final = "n" * 64
LONG_GROUP: Final = "rg-hostile-".ljust(90, "g")
QUOTES: Final = """"'--`${1}"""
# A slash would end the name within an ARM id.
NAMES: Final = tuple(name.replace("/", "_") for name in (SCRIPT, FORMULA, BACKWARDS, LONG, QUOTES))
# What has no shape of its own is shown by its number, so that it neither hides nor turns a text.
SHOWN_BACKWARDS: Final = BACKWARDS.replace("\u202e", "⟨U+202E⟩")
GAP_NAME: Final = '<img src=x onerror="alert(2)">'
# The account that the second of the two scans finds changed.
CHANGED: Final = "claims-assistant"


def hostile_estate() -> Estate:
    """Return the sample estate with two more subscriptions, one of them out of reach."""
    estate = load_estate("sample")
    hostile = estate.add_subscription(sub_id(1), SCRIPT)
    for name in NAMES:
        hostile.add_account(
            AccountSpec(
                name=name,
                group=LONG_GROUP if name == LONG else "rg-hostile",
                encryption={**CMK, "keySource": SCRIPT},
                tags={"owner": FORMULA, "team": SCRIPT},
            )
        )
    estate.add_subscription(sub_id(2), GAP_NAME).access = Access.FORBIDDEN
    return estate


def shown(name: str) -> str:
    """Return a name as the page shows it."""
    return name.replace(BACKWARDS, SHOWN_BACKWARDS)


def break_two(estate: Estate) -> None:
    """Remove the customer's key from the account ``CHANGED``, and from one with a hostile name."""
    for subscription in estate.subscriptions:
        for name in {CHANGED, NAMES[0]} & subscription.accounts.keys():
            subscription.accounts[name].set_encryption(MICROSOFT)
