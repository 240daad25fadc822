"""Random estates, changes, faults and deaths, compared with the known truth after every scan.

A history that fails is made as short as it can be; ``make soak`` runs many more by their seeds.
"""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.fakes.faults import Fault
from tests.soak.history import SHARES, TROUBLE, History
from tests.soak.tally import Tally
from tests.soak.truth import NAMES, STATES, SUBSCRIPTIONS

somewhere = st.sampled_from(SUBSCRIPTIONS)


class Histories(RuleBasedStateMachine):
    """Scans of an estate that changes, breaks and mends."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.history = History(Tally())

    def teardown(self) -> None:
        """End every history with a scan that nothing disturbs, and compare everything."""
        try:
            self.runner.run(self.history.settle())
        finally:
            self.runner.close()

    @rule(where=somewhere, name=st.sampled_from(NAMES), state=st.sampled_from(STATES))
    def account_becomes(self, where: str, name: str, state: str) -> None:
        """Create or change an account, or let its kind leave the scope."""
        self.history.account_becomes(where, name, state)

    @rule(where=somewhere, name=st.sampled_from(NAMES))
    def account_goes(self, where: str, name: str) -> None:
        """Delete an account."""
        self.history.account_goes(where, name)

    @rule(where=somewhere)
    def access_changes(self, where: str) -> None:
        """Lose or regain the right to read."""
        self.history.access_changes(where)

    @rule(where=somewhere)
    def vanishes_or_returns(self, where: str) -> None:
        """Leave the list of subscriptions, or come back to it."""
        self.history.vanishes_or_returns(where)

    @rule(where=somewhere)
    def is_deleted_or_restored(self, where: str) -> None:
        """Be deleted, or restored."""
        self.history.is_deleted_or_restored(where)

    @rule(where=somewhere, pages=st.none() | st.integers(0, 2))
    def answers(self, where: str, pages: int | None) -> None:
        """Answer a part, or the whole."""
        self.history.answers(where, pages)

    @rule(where=somewhere)
    def exclude_or_include(self, where: str) -> None:
        """Put a subscription on the exclude list, or take it off."""
        self.history.exclude_or_include(where)

    @rule()
    def list_breaks_or_mends(self) -> None:
        """Let the list of subscriptions fail."""
        self.history.list_breaks_or_mends()

    @rule()
    def scan(self) -> None:
        """Scan without any trouble."""
        self.runner.run(self.history.scan())

    @rule()
    def scan_and_wake(self) -> None:
        """Scan, then let those go on that slept through it."""
        self.runner.run(self.history.scan())
        self.runner.run(self.history.wake_all())

    @rule(
        seed=st.integers(0, 2**32), share=st.sampled_from(SHARES), faults=st.sampled_from(TROUBLE)
    )
    def troubled_scan(self, seed: int, share: float, faults: Sequence[Fault]) -> None:
        """Scan while the estate changes and a share of all storage operations goes wrong."""
        self.runner.run(self.history.troubled_scan(seed, share, faults))

    @invariant()
    def green_is_earned(self) -> None:
        """P1: compliant is said only where every recorded account is, and everything was read."""
        self.runner.run(self.history.checks.green())


Histories.TestCase.settings = settings(max_examples=100, stateful_step_count=25)
TestHistories = pytest.mark.long(Histories.TestCase)
