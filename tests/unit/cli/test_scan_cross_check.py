"""What ``scan`` says of comparing Azure's lists with Resource Graph."""

from collections.abc import Sequence

import pytest

from cmk_check.core.cross_check import KnownAccount
from tests.fakes.world import World, good, sub
from tests.unit.cli.scan_kit import scan


class _Search:
    def __init__(self, *known: KnownAccount) -> None:
        self._known = known

    async def accounts(self, _subscription_ids: Sequence[str]) -> tuple[KnownAccount, ...]:
        return self._known


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ((), ""),
        (("chat",), ""),
        (
            ("chat", "search"),
            (
                "cmk-check: cross-check with Resource Graph: checked, accounts that Azure's lists "
                "lack: 1\n"
            ),
        ),
    ],
    ids=["nothing", "the same", "more"],
)
async def test_a_difference_is_said_beside_the_result(
    capsys: pytest.CaptureFixture[str], names: tuple[str, ...], said: str
) -> None:
    """Output stays what programs parse; and where both agree there is nothing to say."""
    world = World()
    world.listed(sub(1))
    world.read(sub(1), good(sub(1)))
    known = [KnownAccount(good(sub(1), name).id, None) for name in names]
    world.account_search = _Search(*known)

    await scan(world)

    assert capsys.readouterr().err.replace(" \n", "\n") == said
