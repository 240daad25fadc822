"""What happens to the estate between two scans, and what is therefore to be told: the truth.

It is said here in a way of its own, so that what the program says can be held against it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from local.simulator import (
    CMK_POLICY,
    Access,
    AccountSpec,
    Estate,
    KeySpec,
    PolicyType,
    VaultSpec,
    VersionSpec,
    builtin_id,
)
from tests.functional.estate_kit import CMK, KEY_VERSION, MICROSOFT, ODD, sub_id
from tests.functional.exception_kit import COMPANY

# More than half of what one transaction holds, since each account brings its change with it: two
# transactions record them, and two publications tell them.
MANY: Final = 60
FORBIDDEN: Final = None
# A key of its own, which breaks while all others stay healthy; both lie in one vault.
OWN_KEY: Final = {
    "keySource": "Microsoft.KeyVault",
    "keyVaultProperties": {"keyName": "own", "keyVaultUri": "https://kv-test.vault.azure.net/"},
}
_VAULT_IN: Final = 2
# The same in every run, since what is recorded of an exemption is compared.
_EXPIRY: Final = f"{datetime.now(UTC) + timedelta(days=100):%Y-%m-%dT%H:%M:%SZ}"

type Accounts = Mapping[str, "State"]
type Estates = Mapping[int, Accounts | None]
type Transition = tuple[str, str]


@dataclass(frozen=True, slots=True)
class State:
    """What an account is set to, whether its key can be used, and whether it is exempted."""

    encryption: object = field(default_factory=lambda: CMK)
    kind: str = "OpenAI"
    is_key_on: bool = True
    is_exempted: bool = False

    @property
    def verdict(self) -> str:
        """What is to be said of it."""
        if self.encryption in (CMK, OWN_KEY):
            return "compliant"
        return "non_compliant" if self.encryption is MICROSOFT else "unknown"


GOOD: Final = State(CMK)
BAD: Final = State(MICROSOFT)
EXCEPTED: Final = State(MICROSOFT, is_exempted=True)
UNCLEAR: Final = State(ODD)
KEYED: Final = State(OWN_KEY)
KEY_OFF: Final = State(OWN_KEY, is_key_on=False)

# Each slice holds two subscriptions. In none of them two are worse than before, since those would
# race for lowering the status, and the steps of a scan would not be the same every time.
SOUND: Final[Estates] = {
    1: {"chat": GOOD, "desk": GOOD, "plan": GOOD},
    2: {"lab": GOOD},
    3: {"gone": GOOD, "stay": GOOD},
    4: {"ops": GOOD},
    5: {f"many-{number:02d}": GOOD for number in range(MANY)},
    7: {"keyed": KEYED},
}
WORSE: Final[Estates] = {
    1: {"chat": EXCEPTED, "desk": State(CMK, "AIServices"), "plan": UNCLEAR, "extra": GOOD},
    2: {"lab": GOOD},
    3: {"stay": GOOD},
    4: FORBIDDEN,
    5: {f"many-{number:02d}": BAD for number in range(MANY)},
    6: {"fresh": GOOD},
    7: {"keyed": KEY_OFF},
}
# All is well again; the subscription that is new by now stays.
BETTER: Final[Estates] = {**SOUND, 6: {"fresh": GOOD}}
# A key alone is worse: the status is lowered only where keys count, as they do here.
KEY_BROKEN: Final[Estates] = {**SOUND, 7: {"keyed": KEY_OFF}}
# The only violation is accepted, and then no longer.
ACCEPTED: Final[Estates] = {**SOUND, 7: {"keyed": EXCEPTED}}
NO_LONGER_ACCEPTED: Final[Estates] = {**SOUND, 7: {"keyed": BAD}}


def build(estate: Estate, content: Estates) -> None:
    """Let an estate have exactly this content, the vault with its keys, and the exemptions."""
    users: list[str] = []
    for exemption in estate.policies.of_type(PolicyType.EXEMPTION):
        estate.policies.remove(exemption.id)
    assignment = estate.policies.assign(COMPANY, "cmk", builtin_id(CMK_POLICY))
    for old in estate.subscriptions:
        estate.remove_subscription(old.id)
    for number, accounts in content.items():
        added = estate.add_subscription(sub_id(number), f"Subscription {number}")
        added.management_groups = ("company",)
        if accounts is None:
            added.access = Access.FORBIDDEN
        for name, state in (accounts or {}).items():
            spec = AccountSpec(
                name=name,
                group="rg-test",
                kind=state.kind,
                encryption=state.encryption,
                identity="system",
            )
            account = added.add_account(spec)
            users.append(account.principal_id or "")
            if state.is_exempted:
                estate.policies.exempt(account.id, name, assignment.id, expiresOn=_EXPIRY)
    states = [state for accounts in content.values() for state in (accounts or {}).values()]
    keys = {"cmk": True, "own": all(state.is_key_on for state in states)}
    vault = VaultSpec(
        name="kv-test",
        group="rg-keys",
        keys=[
            KeySpec(name=name, versions=(VersionSpec(version=KEY_VERSION, enabled=is_on),))
            for name, is_on in keys.items()
        ],
        policies=dict.fromkeys(users, ("get", "wrapKey", "unwrapKey")),
    )
    estate.subscription(sub_id(_VAULT_IN)).vaults.add(vault)


def transitions(before: Estates, after: Estates) -> Counter[Transition]:
    """Say what is to be told of accounts and subscriptions: type and subject, each once."""
    told: Counter[Transition] = Counter()
    for number in before.keys() | after.keys():
        told.update(_of_subscription(number, before.get(number, {}), after.get(number, {})))
    return told


def verdicts(content: Estates, known: Estates) -> dict[str, str]:
    """Say which verdicts stand afterwards; what cannot be read keeps the one it is known for."""
    return {
        name: state.verdict
        for number, accounts in content.items()
        for name, state in (known.get(number) or {} if accounts is None else accounts).items()
    }


def posture(content: Estates) -> str:
    """Say what the posture of a fresh, finished scan is where keys count and exceptions do."""
    states = [state for accounts in content.values() for state in (accounts or {}).values()]
    found = {state.verdict for state in states if not state.is_exempted}
    if "non_compliant" in found or not all(state.is_key_on for state in states):
        return "non_compliant"
    if "unknown" in found or FORBIDDEN in content.values():
        return "unknown"
    is_excepted = any(state.is_exempted for state in states)
    return "compliant_with_exceptions" if is_excepted else "compliant"


def _of_subscription(
    number: int, before: Accounts | None, after: Accounts | None
) -> Iterator[Transition]:
    subject = f"/subscriptions/{sub_id(number)}"
    if after is None:
        if before is not None:
            yield "cmkcheck.coverage.lost", subject
        return
    if before is None:
        yield "cmkcheck.coverage.regained", subject
        before = SOUND[number] or {}  # it was known from before it could not be read
    group = f"{subject}/resourcegroups/rg-test/providers/microsoft.cognitiveservices/accounts"
    for name in before.keys() | after.keys():
        if kind := _of_account(before.get(name), after.get(name)):
            yield f"cmkcheck.account.{kind}", f"{group}/{name}"
        if _has_new_kind(before.get(name), after.get(name)):
            yield "cmkcheck.account.kind_changed", f"{group}/{name}"
        if kind := _of_key(before.get(name), after.get(name)):
            yield f"cmkcheck.key.{kind}", f"{group}/{name}"
        was, is_now = (_is_exempted(accounts.get(name)) for accounts in (before, after))
        if was != is_now:
            yield f"cmkcheck.exception.{'ended' if was else 'started'}", f"{group}/{name}"


def _of_account(before: State | None, after: State | None) -> str | None:
    if after is None:
        return "removed"
    if before is not None and (before.encryption, before.kind) == (after.encryption, after.kind):
        return None
    if before is not None and before.verdict == after.verdict:
        return None if _has_new_kind(before, after) else "updated"
    if after.verdict == "compliant":
        return "discovered" if before is None else "resolved"
    return "violated" if after.verdict == "non_compliant" else "unverifiable"


def _has_new_kind(before: State | None, after: State | None) -> bool:
    return before is not None and after is not None and before.kind != after.kind


def _is_exempted(state: State | None) -> bool:
    return state is not None and state.is_exempted


def _of_key(before: State | None, after: State | None) -> str | None:
    was_on = before is None or before.is_key_on
    if after is None or after.is_key_on == was_on:
        return None
    return "recovered" if after.is_key_on else "degraded"
