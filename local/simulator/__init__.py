"""Simulates the part of Azure that this project reads, over HTTPS: accounts, keys, roles, policies.

It shares no code with the program that it tests, so that both cannot make the same mistake.
"""

from local.simulator.accounts import ABSENT, AccountSpec
from local.simulator.denials import Denial
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
from local.simulator.grants import Assignment
from local.simulator.load import estate_of, load_estate
from local.simulator.policies import CMK_POLICY, Policies, PolicyObject, PolicyType, builtin_id
from local.simulator.request_log import RequestLog, RequestRecord
from local.simulator.roles import Permission, Role, custom_role
from local.simulator.simulator import Foreign, Simulator
from local.simulator.vault_documents import KeySpec, VaultSpec, VersionSpec
from local.simulator.vaults import Key, KeyVersion, Vault

__all__ = [
    "ABSENT",
    "CMK_POLICY",
    "FIRST_PAGE",
    "ITSELF",
    "PLAIN_HTTP",
    "Access",
    "Account",
    "AccountSpec",
    "Answer",
    "Assignment",
    "Close",
    "Cut",
    "Denial",
    "Estate",
    "Fault",
    "Faults",
    "Foreign",
    "Garble",
    "Hold",
    "Key",
    "KeySpec",
    "KeyVersion",
    "NextLink",
    "Permission",
    "Policies",
    "PolicyObject",
    "PolicyType",
    "RequestLog",
    "RequestRecord",
    "Role",
    "Simulator",
    "Subscription",
    "Vault",
    "VaultSpec",
    "VersionSpec",
    "arm_error",
    "builtin_id",
    "custom_role",
    "estate_of",
    "generate",
    "load_estate",
]
