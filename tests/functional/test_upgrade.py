"""Packages of two versions on one storage, each deployed over the other in the middle of a scan.

The newer ones are made of today's sources, with words that today's do not know.
"""

import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final, override

import pytest

from local.azurite import Azurite
from local.functions_host.process import FunctionsHost
from local.simulator import Fault, Hold
from tests.functional.estate_kit import (
    AT_ONCE,
    CMK,
    MICROSOFT,
    Scene,
    accounts_of,
    estate_of,
    sub_id,
)
from tests.functional.storage_kit import Storage
from tools.package import ROOT, pack

pytestmark = pytest.mark.long

type Packages = Callable[[str], Path]

TODAY: Final = "today"
OTHER_WORDS: Final = "other words"
_VERSION: Final = ("__init__.py", 'VERSION: Final = "', 'VERSION: Final = "9.')
EDITS: Final[dict[str, tuple[tuple[str, str, str], ...]]] = {
    TODAY: (),
    OTHER_WORDS: (
        _VERSION,
        ("core/enums.py", '"customer_managed_key"', '"key_of_the_customer"'),
        ("core/enums.py", '"microsoft_managed_key"', '"key_of_microsoft"'),
        (
            "core/reasons/reasons.toml",
            "verdict.customer_managed_key",
            "verdict.key_of_the_customer",
        ),
        ("core/reasons/reasons.toml", "verdict.microsoft_managed_key", "verdict.key_of_microsoft"),
        ("core/enums.py", '    TIMER = "timer"', '    TIMER = "timer"\n    CLOCK = "clock"'),
        ("triggers.py", "Trigger.TIMER", "Trigger.CLOCK"),
    ),
}
BAD, GOOD = "non_compliant", "compliant"
TOLD: Final = {
    ("account.violated", "chat"): 1,
    ("account.discovered", "lab"): 1,
    ("account.resolved", "chat"): 1,
    ("account.violated", "lab"): 1,
}


class Deployed(Scene):
    """A scene whose host runs the package that was deployed last."""

    def __init__(self, packages: Packages, storage: Storage, azurite: Azurite, first: str) -> None:
        estate = estate_of({"chat": MICROSOFT}, {"lab": CMK})
        super().__init__(estate, storage, azurite, lease=2, settings=AT_ONCE)
        self._packages = packages
        self._version = first

    @override
    def new_host(self) -> FunctionsHost:
        app = self._packages(self._version)
        return FunctionsHost(app, self.environment(), timers=False, lease_seconds=self._lease)

    def deploy(self, version: str) -> None:
        """Kill the host, wherever it is, and start another version over what it left."""
        self.host.kill()
        self.storage.expire_claims()
        self._version = version
        self.start_host()

    def deploy_in_mid_scan(self, version: str) -> None:
        """Deploy while a scan waits for Azure's answer."""
        hold = Hold()
        fault = Fault(path=accounts_of(2), hold=hold)
        self.simulator.faults.add(fault)
        self.fire()
        hold.wait_until_reached()
        self.wait_for_outbox()  # of the other subscription
        self.deploy(version)
        self.simulator.faults.remove(fault)

    def set(self, number: int, name: str, encryption: object) -> None:
        """Give an account another key."""
        (account,) = self.simulator.estate.subscription(sub_id(number)).accounts.values()
        assert account.name == name
        account.set("properties.encryption", encryption)

    def told(self) -> Counter[tuple[str, str]]:
        """Count what was told of accounts, but for other words for the same."""
        told = (each.short for each in self.storage.feed() if ".account." in each.type)
        return Counter(each for each in told if each[0] != "account.updated")

    def is_consistent(self) -> bool:
        """Tell whether the status is compliant only if the whole list is."""
        is_good = set(self.verdicts().values()) == {GOOD}
        return is_good or self.status()["posture"] != GOOD


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Packages:
    """Return how to get the package of a version, unpacked; each is made once."""
    made: dict[str, Path] = {}

    def package(version: str) -> Path:
        if version not in made:
            folder = tmp_path_factory.mktemp("version")
            pack(ROOT, folder / "app.zip")
            with zipfile.ZipFile(folder / "app.zip") as archive:
                archive.extractall(folder / "app")
            for name, before, after in EDITS.get(version, ()):
                file = folder / "app/cmk_check" / name
                text = file.read_text()
                assert before in text
                file.write_text(text.replace(before, after))
            made[version] = folder / "app"
        return made[version]

    return package


@pytest.fixture
def deployed(
    packages: Packages, storage: Storage, azurite: Azurite
) -> Iterator[Callable[[str], Deployed]]:
    """Return how to deploy the first version."""
    with ExitStack() as stack:
        yield lambda first: stack.enter_context(Deployed(packages, storage, azurite, first))


@pytest.mark.parametrize(
    ("first", "second"), [(TODAY, OTHER_WORDS), (OTHER_WORDS, TODAY)], ids=["upgrade", "rollback"]
)
def test_p1_p3_versions_follow_each_other_in_mid_scan(
    deployed: Callable[[str], Deployed], first: str, second: str
) -> None:
    """Each reads again what the other wrote in words of its own; nothing is told twice or lost."""
    scene = deployed(first)
    before = scene.scan()
    scene.set(1, "chat", CMK)
    scene.set(2, "lab", MICROSOFT)

    scene.deploy_in_mid_scan(second)
    at_once = scene.is_consistent()
    status = scene.wait_for_scan("complete", before)

    assert at_once
    assert (status["posture"], scene.verdicts()) == (BAD, {"chat": GOOD, "lab": BAD})
    assert scene.told() == TOLD

    scene.set(2, "lab", CMK)
    scene.scan()
    scene.deploy(first)
    at_once = scene.is_consistent()
    scene.scan()

    assert at_once
    assert (scene.status()["posture"], set(scene.verdicts().values())) == (GOOD, {GOOD})
    assert scene.told() == TOLD | {("account.resolved", "lab"): 1}
    assert not [line for line in scene.host.output() if "delete the row" in line]
