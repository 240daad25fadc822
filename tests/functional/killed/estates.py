"""What happens to the estate between two scans, and what is therefore to be told: the truth.

It is said here in a way of its own, so that what the program says can be held against it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from local.simulator import Access, AccountSpec, Estate, KeySpec, VaultSpec, VersionSpec
from tests.functional.estate_kit import CMK, KEY_VERSION, MICROSOFT, ODD, sub_id

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

type Accounts = Mapping[str, "State"]
type Estates = Mapping[int, Accounts | None]
type Transition = tuple[str, str]


@dataclass(frozen=True, slots=True)
class State:
    """What an account is set to, and whether its key can be used."""

    encryption: object = field(default_factory=lambda: CMK)
    kind: str = "OpenAI"
    is_key_on: bool = True

    @property
    def verdict(self) -> str:
        """What is to be said of it."""
        if self.encryption in (CMK, OWN_KEY):
            return "compliant"
        return "non_compliant" if self.encryption is MICROSOFT else "unknown"


GOOD: Final = State(CMK)
BAD: Final = State(MICROSOFT)
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
    1: {"chat": BAD, "desk": State(CMK, "AIServices"), "plan": UNCLEAR, "extra": GOOD},
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


def build(estate: Estate, content: Estates) -> None:
    """Let an estate have exactly this content, and the vault with its keys."""
    users: list[str] = []
    for old in estate.subscriptions:
        estate.remove_subscription(old.id)
    for number, accounts in content.items():
        added = estate.add_subscription(sub_id(number), f"Subscription {number}")
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
            users.append(added.add_account(spec).principal_id or "")
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
    """Say what the posture of a fresh, finished scan is where keys count."""
    states = [state for accounts in content.values() for state in (accounts or {}).values()]
    found = {state.verdict for state in states}
    if "non_compliant" in found or not all(state.is_key_on for state in states):
        return "non_compliant"
    return "unknown" if "unknown" in found or FORBIDDEN in content.values() else "compliant"


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


def _of_account(before: State | None, after: State | None) -> str | None:
    if before == after or (before, after) in ((KEYED, KEY_OFF), (KEY_OFF, KEYED)):
        return None
    if after is None:
        return "removed"
    if before is not None and before.verdict == after.verdict:
        return None if _has_new_kind(before, after) else "updated"
    if after.verdict == "compliant":
        return "discovered" if before is None else "resolved"
    return "violated" if after.verdict == "non_compliant" else "unverifiable"


def _has_new_kind(before: State | None, after: State | None) -> bool:
    return before is not None and after is not None and before.kind != after.kind


def _of_key(before: State | None, after: State | None) -> str | None:
    was_on = before is None or before.is_key_on
    if after is None or after.is_key_on == was_on:
        return None
    return "recovered" if after.is_key_on else "degraded"
