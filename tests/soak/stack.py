"""One history over the whole program: Azurite, the simulated Azure and the app in its host.

An hour is a round here: the estate changes, a scan is started, something goes wrong with it, and
what stands in the storage is compared with the truth. What hides a message or a slice for minutes
on Azure is made short, as in the tests of deaths.
"""

import json
import time
from contextlib import suppress
from random import Random
from typing import Any, Final

from azure.core.exceptions import ResourceNotFoundError

from local.azurite import Azurite
from local.simulator import (
    Access,
    AccountSpec,
    Close,
    Cut,
    Estate,
    Fault,
    KeySpec,
    Subscription,
    VaultSpec,
    VersionSpec,
    arm_error,
)
from tests.functional.estate_kit import (
    CMK,
    MICROSOFT,
    ODD,
    SOON,
    Scene,
    accounts_of,
    add_account,
    sub_id,
    wait_until,
)
from tests.functional.killed.truth import says_compliant_wrongly
from tests.functional.storage_kit import Row, Storage
from tests.soak.chain import Link, follow
from tests.soak.tally import FalseGreenError, LostChangeError, Tally

ROUNDS: Final = 5
_SUBSCRIPTIONS: Final = 5
_NAMES: Final = ("a", "b", "c")
# The key of the second one breaks and is repaired from time to time; the first one's is healthy.
_OWN_KEY: Final = {
    "keySource": "Microsoft.KeyVault",
    "keyVaultProperties": {"keyName": "own", "keyVaultUri": "https://kv-test.vault.azure.net/"},
}
_ENCRYPTION: Final = {
    "compliant": CMK,
    "compliant with a key of its own": _OWN_KEY,
    "non_compliant": MICROSOFT,
    "unknown": ODD,
}
_VAULT_IN: Final = sub_id(_SUBSCRIPTIONS + 1)
_OTHER_KIND: Final = "SpeechServices"
_TROUBLE: Final = (
    arm_error(429, "TooManyRequests", headers={"Retry-After": "1"}),
    arm_error(503, "ServerTimeout"),
    Cut(),
    Close(),
)
# A scan of this estate takes about as long; the death may come anywhere in it, or just after it.
_LONGEST_LIFE: Final = 0.35
_SETTINGS: Final = {
    **SOON,
    "CMK_KEY_HEALTH": "on",
    "CMK_REQUIRE_HEALTHY_KEYS": "on",
    "CMK_SLICE_SIZE": "2",
}

# Verdict and health of the key, by subscription and name.
type Verdicts = dict[tuple[str, str], tuple[str, str | None]]


class StackHistory:
    """A small estate, the program over it, and what should be known of the one by the other."""

    def __init__(self, seed: int, storage: Storage, azurite: Azurite, tally: Tally) -> None:
        self._random = Random(seed)
        self._storage = storage
        self._tally = tally
        self._estate = Estate()
        self._estate.add_subscription(sub_id(1), "Subscription 1")
        keys = [KeySpec(name=name, versions=(VersionSpec(),)) for name in ("cmk", "own")]
        self._vault = self._estate.add_subscription(_VAULT_IN, "Vaults").vaults.add(
            VaultSpec(name="kv-test", group="rg-keys", keys=keys)
        )
        self._is_key_on = True
        self._scene = Scene(self._estate, storage, azurite, lease=2, settings=_SETTINGS)
        self._known: dict[str, Verdicts] = {}
        self._told: set[str] = set()

    def run(self) -> None:
        """Run so many rounds, then see a scan of the same estate quiet.

        Nothing disturbs the first scan: until one has ended, unknown is the right answer.

        Raises:
            AssertionError: something does not hold.

        """
        self._storage.clear()
        with self._scene:
            self._change()
            self._scan_undisturbed()
            self._compare()
            for _ in range(ROUNDS):
                for _ in range(self._random.randint(1, 3)):
                    self._change()
                self._scan()
                self._compare()
            before = self._storage.rows("cmkfindings"), len(self._storage.feed())
            self._scene.scan()
            after = self._storage.rows("cmkfindings"), len(self._storage.feed())
            assert before == after, "a scan of an unchanged estate wrote or told something"

    def _change(self) -> None:
        """Let accounts and subscriptions come, go, break or be mended; the first stays listed."""
        number = self._random.randint(1, _SUBSCRIPTIONS)
        if number > (most := len(self._estate.subscriptions) - 1):
            number = most + 1
            self._estate.add_subscription(sub_id(number), f"Subscription {number}")
        subscription = self._estate.subscription(sub_id(number))
        match self._random.randrange(10):
            case 8 | 9:
                self._key_breaks_or_is_repaired()
            case 0:
                is_reader = subscription.access is Access.READER
                subscription.access = Access.FORBIDDEN if is_reader else Access.READER
            case 1 if number > 1:
                subscription.listed = not subscription.listed
            case 2 if number > 1:
                is_enabled = subscription.state == "Enabled"
                subscription.state = "Deleted" if is_enabled else "Enabled"
            case _:
                self._change_account(subscription)

    def _key_breaks_or_is_repaired(self) -> None:
        self._is_key_on = not self._is_key_on
        key = self._vault.key("own")
        assert key is not None
        key.latest.set("properties.attributes.enabled", self._is_key_on)

    def _change_account(self, subscription: Subscription) -> None:
        name = self._random.choice(_NAMES)
        had = name in subscription.accounts
        if had:
            subscription.remove_account(name)
        state = self._random.choice([*_ENCRYPTION, "other kind", *(["gone"] if had else [])])
        if state in _ENCRYPTION:
            spec = AccountSpec(
                name=name,
                group="rg-test",
                encryption=_ENCRYPTION[state],
                identity="system",
            )
            user = subscription.add_account(spec).principal_id
            self._vault.set_policy(user or "", ("get", "wrapKey", "unwrapKey"))
        elif state == "other kind":
            add_account(subscription, name, kind=_OTHER_KIND)

    def _scan(self) -> None:
        """Scan with one thing going wrong or none, until a scan has come to its end."""
        match self._random.choice(["nothing", "Azure", "death", "death"]):
            case "nothing":
                self._scan_undisturbed()
            case "Azure":
                self._scan_in_trouble()
            case _:
                self._scan_with_a_death()

    def _scan_undisturbed(self) -> None:
        self._scene.scan()
        self._count(disturbed=False)

    def _scan_in_trouble(self) -> None:
        """Scan while Azure fails to answer a few requests, not more than are tried again."""
        number = self._random.randint(1, len(self._estate.subscriptions))
        fault = Fault(
            path=self._random.choice(["/subscriptions", accounts_of(number)]),
            times=self._random.randint(1, 2),
            then=self._random.choice(_TROUBLE),
        )
        self._scene.simulator.faults.add(fault)
        self._scene.scan()
        self._tally.faults += self._scene.simulator.faults.hits(fault)
        self._scene.simulator.faults.clear()
        self._count(disturbed=True)

    def _scan_with_a_death(self) -> None:
        """Let a host die in a scan, and another go on with it; scan again if nobody could."""
        before = self._scene.last_scan()
        self._die()
        if self._scene.last_scan() == before:
            self._count(disturbed=True)
            if self._is_leased():
                self._storage.expire_lease()
            self._scene.scan()
        self._count(disturbed=True)

    def _die(self) -> None:
        """Kill the host somewhere in a scan; let another finish what waits in the queue."""
        scene = self._scene
        scene.fire()
        time.sleep(self._random.uniform(0, _LONGEST_LIFE))
        scene.host.kill()
        self._tally.deaths += 1
        self._hear()
        if says_compliant_wrongly(self._storage.everything()):
            raise FalseGreenError("the status of a scan that died says compliant")
        self._storage.expire_claims()
        scene.start_host()
        wait_until(lambda: not self._waiting(), "the queue empty", show=scene.tail)

    def _waiting(self) -> int:
        with suppress(ResourceNotFoundError):
            return self._storage.hidden_messages()
        return 0

    def _is_leased(self) -> bool:
        return any(
            json.loads(row["document0"])["scan_id"]
            for row in self._storage.rows("cmkscans")
            if row["RowKey"] == "current"
        )

    def _hear(self) -> None:
        """Note what the host that runs, or has just died, said of changes."""
        events = self._scene.events()
        self._told |= {event["id"] for event in events if event["event"] == "cmk.change"}

    def _count(self, *, disturbed: bool) -> None:
        """Count a scan and the hour that follows it."""
        self._tally.scans += 1
        hours = self._tally.disturbed if disturbed else self._tally.sound
        coverage, fresh = self._scene.coverage(), self._scene.status()["fresh"]
        for subscription in self._estate.subscriptions:
            if _is_readable(subscription):
                number = int(subscription.id[:8])
                hours.add(known=fresh and coverage.get(number) == "read")

    def _compare(self) -> None:
        """Compare findings, coverage, feed, log lines and posture with what should be known."""
        self._scene.settle()
        rows = self._storage.rows("cmkfindings")
        gaps = self._learn({row["PartitionKey"] for row in rows})
        due = {key: verdict for found in self._known.values() for key, verdict in found.items()}
        found = {
            (row["PartitionKey"], row["name"]): (row["verdict"], row.get("keyHealth"))
            for row in rows
            if row["RowKey"].startswith("finding|")
        }
        assert found == due, f"stored: {found}, to be known: {due}"
        unread = {row["PartitionKey"] for row in rows if row.get("coverage") == "gap"}
        assert unread == gaps, f"gaps: {unread}, not {gaps}"
        self._compare_posture({_counted(*states) for states in due.values()}, gaps)
        self._compare_feed(due)

    def _learn(self, recorded: set[str]) -> set[str]:
        """Take over what a scan must have found out; return the subscriptions it cannot read."""
        gaps = set()
        for subscription in self._estate.subscriptions:
            if _is_readable(subscription):
                self._known[subscription.id] = self._verdicts(subscription)
            elif subscription.listed and subscription.state == "Deleted":
                self._known[subscription.id] = {}
            elif subscription.id in recorded and not self._is_retired(subscription.id):
                gaps.add(subscription.id)
        return gaps

    def _verdicts(self, subscription: Subscription) -> Verdicts:
        """Return what a scan must find there."""
        found: Verdicts = {}
        for name, account in subscription.accounts.items():
            document: Any = account.document()
            if document["kind"] == _OTHER_KIND:
                continue
            encryption = document["properties"]["encryption"]
            if encryption in (CMK, _OWN_KEY):
                is_key_on = self._is_key_on or encryption == CMK
                found[subscription.id, name] = "compliant", "healthy" if is_key_on else "broken"
            else:
                verdict = "non_compliant" if encryption == MICROSOFT else "unknown"
                found[subscription.id, name] = verdict, None
        return found

    def _is_retired(self, subscription_id: str) -> bool:
        """Whether it was deleted when it was last seen: no gap, though it is listed no more."""
        return any(
            row["coverage"] == "retired"
            for row in self._storage.rows("cmkfindings")
            if (row["PartitionKey"], row["RowKey"]) == (subscription_id, "coverage")
        )

    def _compare_posture(self, verdicts: set[str], gaps: set[str]) -> None:
        said = self._scene.status()["posture"]
        due = "unknown" if gaps or "unknown" in verdicts else "compliant"
        due = "non_compliant" if "non_compliant" in verdicts else due
        if said == "compliant" != due:
            raise FalseGreenError(f"compliant was said, and it is {due}")
        assert said == due, f"posture: {said}, not {due}"

    def _compare_feed(self, due: Verdicts) -> None:
        """P3: the feed tells every verdict there is, and a log line every change in it."""
        feed = [row for row in self._storage.rows("cmkchanges") if row["RowKey"].isdigit()]
        said = {
            (path.split("/")[2], path.rpartition("/")[2]): (
                after["verdict"],
                after.get("keyHealth"),
            )
            for path, after in follow(_link(row) for row in feed).items()
        }
        if said != due:
            raise LostChangeError(f"the feed ends at {said}, and it is {due}")
        self._hear()
        if missing := {row["id"] for row in feed} - self._told:
            raise LostChangeError(f"no log line tells {missing}")


def _is_readable(subscription: Subscription) -> bool:
    is_there = subscription.listed and subscription.state == "Enabled"
    return is_there and subscription.access is Access.READER


def _counted(verdict: str, key: str | None) -> str:
    """Return what an account counts as where keys do."""
    return "non_compliant" if key == "broken" else verdict


def _link(row: Row) -> Link:
    data = json.loads(row["data"])
    return Link(
        row["id"],
        row["source"],
        row["sequence"],
        row["type"],
        row["subject"],
        data.get("before"),
        data.get("after"),
        data.get("exception"),
    )
