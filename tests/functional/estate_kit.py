"""Small estates, and a stack whose storage a test can read and whose host it can exchange."""

import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from local.azurite import Azurite
from local.functions_host.process import FunctionsHost
from local.simulator import ABSENT, AccountSpec, Estate, Subscription
from local.stack import APP, Stack
from tests.functional.forked_host import ForkedHost
from tests.functional.storage_kit import Storage

KEY_VERSION: Final = "a" * 32
CMK: Final = {
    "keySource": "Microsoft.KeyVault",
    "keyVaultProperties": {"keyName": "cmk", "keyVaultUri": "https://kv-test.vault.azure.net/"},
}
MICROSOFT: Final = {"keySource": "Microsoft.CognitiveServices"}
ODD: Final = {"keySource": "Contoso.KeySafe"}
# A message that failed is seen again at once, rather than after five minutes.
AT_ONCE: Final = {"AzureFunctionsJobHost__extensions__queues__visibilityTimeout": "00:00:00"}
# Two workers of a host may hold messages of one slice: none must use up its tries at once.
SOON: Final = {"AzureFunctionsJobHost__extensions__queues__visibilityTimeout": "00:00:03"}
_SECONDS: Final = 60.0


def sub_id(number: int) -> str:
    """Return the id of the estate's subscription of this number, counted from 1."""
    return f"{number:08d}-0000-4000-8000-00000000beef"


def estate_of(*subscriptions: Mapping[str, object]) -> Estate:
    """Make an estate: per subscription the encryption of each account by name."""
    estate = Estate()
    for number, accounts in enumerate(subscriptions, 1):
        added = estate.add_subscription(sub_id(number), f"Subscription {number}")
        for name, encryption in accounts.items():
            add_account(added, name, encryption)
    return estate


def add_account(
    subscription: Subscription, name: str, encryption: object = ABSENT, kind: str = "OpenAI"
) -> None:
    """Add an account to a subscription."""
    subscription.add_account(
        AccountSpec(name=name, group="rg-test", kind=kind, encryption=encryption)
    )


def accounts_of(number: int) -> str:
    """Return the path of a subscription's list of accounts, as faults match it."""
    return f"/subscriptions/{sub_id(number)}/providers/Microsoft.CognitiveServices/accounts"


def wait_until[T](
    ask: Callable[[], T],
    what: str,
    seconds: float = _SECONDS,
    *,
    show: Callable[[], str] = lambda: "",
) -> T:
    """Ask again and again until the answer is true; return it.

    Raises:
        TimeoutError: it did not become true; the message ends with what ``show`` says then.

    """
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        if time.monotonic() > deadline:
            message = f"not within {seconds:g} s: {what}\n{show()}"
            raise TimeoutError(message)
        time.sleep(0.05)
    return answer


def next_second() -> None:
    """Wait until a scan that starts now is dated later than one that started before."""
    now = datetime.now(UTC).replace(microsecond=0)
    wait_until(lambda: datetime.now(UTC).replace(microsecond=0) > now, "the next second")


class Scene(Stack):
    """A stack with its storage at hand.

    ``lease`` is how long a received message is hidden, ``scan_options`` those of ``ForkedHost``.
    """

    def __init__(  # noqa: PLR0913 - each has a user
        self,
        estate: Estate | str,
        storage: Storage,
        azurite: Azurite,
        *,
        lease: int | None = None,
        scan_options: Mapping[str, int] | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        # The keys of these estates are in no simulated vault; those of the estate "keys" are.
        settings = {"CMK_KEY_HEALTH": "off", **(settings or {})}
        super().__init__(estate, settings=settings, azurite=azurite)
        self.storage = storage
        self._lease = lease
        self._scan_options = scan_options
        self._seen = 0

    def __enter__(self) -> Self:
        super().__enter__()
        return self

    def new_host(self) -> FunctionsHost:
        """Return one more host over the same storage and estate, not started yet."""
        return ForkedHost(
            APP,
            self.environment(),
            timers=False,
            lease_seconds=self._lease,
            scan_options=self._scan_options,
        )

    def restart(self, **settings: str) -> None:
        """End the host, and go on with a new one that also has these settings."""
        self.host.terminate()
        self._settings |= settings
        self.start_host()

    def start_host(self) -> None:
        """Go on with a new host, whether or not the old one is still alive."""
        self.host = self.enter(self.new_host())

    def enter(self, host: FunctionsHost) -> FunctionsHost:
        """Start a host that ends with the stack."""
        return self._stack.enter_context(host)

    def scan(self, seconds: float = _SECONDS, tick: Callable[[], None] = lambda: None) -> str:
        """Fire the timer; wait until its scan has ended, and until it is told and tidied up."""
        scan_id = super().scan(seconds, tick)
        self.settle()
        return scan_id

    def settle(self) -> None:
        """Wait until what a scan recorded is told, and its slices are dropped."""
        storage = self.storage
        wait_until(lambda: not (storage.outbox() or storage.slices()), "told and tidied up")

    def wait_for_outbox(self) -> None:
        """Wait until something is recorded that is not told yet."""
        wait_until(self.storage.outbox, "something in the outbox")

    def fire(self) -> None:
        """Fire the timer without waiting for its scan."""
        self.host.fire("scan_on_schedule")

    def status(self) -> Any:  # noqa: ANN401 - the API's JSON
        """Return the status."""
        answer = self.get("v1/status")
        assert answer.status == 200, answer
        return answer.body

    def findings(self) -> dict[str, Any]:
        """Return the findings by name of account."""
        answer = self.get("v1/findings")
        assert answer.status == 200, answer
        return {finding["name"]: finding for finding in answer.body["value"]}

    def verdicts(self) -> dict[str, str]:
        """Return the verdicts by name of account."""
        return {name: finding["verdict"] for name, finding in self.findings().items()}

    def coverage(self) -> dict[int, str]:
        """Return the coverage of each subscription by its number in the estate."""
        return {
            int(row["PartitionKey"][:8]): row["coverage"]
            for row in self.storage.rows("cmkfindings")
            if row["RowKey"] == "coverage"
        }

    def news(self) -> list[tuple[str, str]]:
        """Return what the feed says since this was last asked."""
        feed = self.storage.feed()
        fresh, self._seen = feed[self._seen :], len(feed)
        return [told.short for told in fresh]

    def wait_for_scan(self, state: str, before: str | None = None) -> Any:  # noqa: ANN401
        """Wait for the end of a scan other than ``before``; return the status."""

        def ended() -> Any:  # noqa: ANN401
            status = self.status()
            last = status["lastScan"]
            return status if last and last["id"] != before else None

        status = wait_until(ended, f"a scan that is {state}", show=self.tail)
        assert status["lastScan"]["state"] == state, status
        self.settle()
        return status

    def wait_for_line(self, text: str) -> str:
        """Wait until the host writes a line with this in it; return the line."""

        def found() -> str:
            return next((line for line in self.host.output() if text in line), "")

        return wait_until(found, f"{text!r} in the host's output", show=self.tail)

    def events(self) -> list[Any]:
        """Return the log lines that are JSON for alert rules."""
        return [json.loads(line) for line in self.host.output() if line.startswith('{"event"')]

    def tail(self) -> str:
        """Return the end of the host's output."""
        return "\n".join(self.host.output()[-20:])


def codes(status: Mapping[str, Any]) -> list[str]:
    """Return the reason codes of a posture."""
    return [reason["code"] for reason in status["reasons"]]


def bundle(folder: Path, *files: str | Path) -> Path:
    """Write one file of several certificate authorities."""
    path = folder / "authorities.pem"
    path.write_text("".join(Path(file).read_text() for file in files))
    return path
