"""Azure as far as this project asks it: subscriptions, accounts and tokens, over real HTTPS.

It shares no code with what it tests, so that a mistake is not made twice and agreed upon.
"""

from local.simulator.accounts import ABSENT, AccountSpec
from local.simulator.estate import Access, Account, Estate, Subscription
from local.simulator.faults import (
    FIRST_PAGE,
    ITSELF,
    PLAIN_HTTP,
    Answer,
    Close,
    Cut,
    Fault,
    Faults,
    Garble,
    Hold,
    NextLink,
    arm_error,
)
from local.simulator.generate import generate
from local.simulator.load import estate_of, load_estate
from local.simulator.request_log import RequestLog, RequestRecord
from local.simulator.simulator import Foreign, Simulator

__all__ = [
    "ABSENT",
    "FIRST_PAGE",
    "ITSELF",
    "PLAIN_HTTP",
    "Access",
    "Account",
    "AccountSpec",
    "Answer",
    "Close",
    "Cut",
    "Estate",
    "Fault",
    "Faults",
    "Foreign",
    "Garble",
    "Hold",
    "NextLink",
    "RequestLog",
    "RequestRecord",
    "Simulator",
    "Subscription",
    "arm_error",
    "estate_of",
    "generate",
    "load_estate",
]
