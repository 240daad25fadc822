"""A folder of plans in the hands of Microsoft's az command, from three violations to none."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from local.simulator import AccountSpec, RequestRecord, Simulator
from tests.functional import terminal_kit
from tests.functional.az_kit import VERSION_CHECK
from tests.functional.conftest import OpenAz
from tests.functional.estate_kit import MICROSOFT, estate_of, sub_id

pytestmark = pytest.mark.tools("az")


def _writes(requests: Iterable[RequestRecord]) -> Counter[str]:
    """Count what was created or changed, by type."""
    sent = [each for each in requests if each.method not in {"GET", "POST"}]
    assert {each.status for each in sent} <= {200, 201}
    return Counter(f"{each.method} {each.path.split('/')[-2]}" for each in sent)


def test_az_brings_three_accounts_under_one_key_and_a_second_run_changes_nothing(
    open_az: OpenAz, tmp_path: Path
) -> None:
    """One vault, one key and a grant for each; and nothing is made again by who is not sure."""
    estate = estate_of({})
    for name, group in (("chat", "rg-b"), ("agents", "rg-a"), ("it's $(x)", "rg (süd)")):
        spec = AccountSpec(name=name, group=group, encryption=MICROSOFT, tags={"owner": "Ann"})
        estate.subscription(sub_id(1)).add_account(spec)
    out = tmp_path / "plans"
    with Simulator(estate) as simulator:
        environment = simulator.environment()
        options = ("--owner", "Ann", "--share-vault", "--out", str(out))
        plan = terminal_kit.run("plan", *options, environment=environment)
        az = open_az(simulator)
        az.sign_in(estate.administrator)
        simulator.requests.clear()
        first = az.run(out / "run.sh", "--no-terraform")
        made = _writes(simulator.requests)
        (out / "state.txt").unlink()
        simulator.requests.clear()
        second = az.run(out / "run.sh", "--no-terraform")
        again = _writes(simulator.requests)
        scan = terminal_kit.run("scan", environment=environment)

    assert plan.code == 1, plan.err
    for ended in (first, second):
        assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout
        assert ended.stdout.endswith("3 of 3 done, 0 refused, 0 left; 0 still to do\n")
    keys = {"PUT keys": 3}  # for a key that exists, Azure returns it unchanged
    assert made == keys | {"PUT vaults": 1, "PUT roleAssignments": 3, "PATCH accounts": 6}
    assert again == keys
    assert scan.code == 0, scan.out
    (vault,) = estate.subscription(sub_id(1)).vaults.all
    assert len(vault.keys) == 1
    assert az.strayed <= {VERSION_CHECK}
