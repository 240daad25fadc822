"""Computes the cost of a month at list prices, from counted requests.

The prices are assumptions, not looked up: pay-as-you-go in the region West Europe, in US dollars,
without taxes, discounts and free grants, as known in November 2026 from the pages "Azure Table
Storage pricing", "Azure Queue Storage pricing" (LRS) and "Azure Functions pricing" (Flex
Consumption, on demand). Reading from Azure Resource Manager is free.
"""

from dataclasses import dataclass
from typing import Final

SCANS_A_MONTH: Final = 730
TABLE_REQUEST: Final = 0.00036 / 10_000
QUEUE_REQUEST: Final = 0.0004 / 10_000
GB_SECOND: Final = 0.000026
EXECUTION: Final = 0.40 / 1_000_000
INSTANCE_GB: Final = 2.0
# The host polls each of the three idle queues once a minute.
POLLS_A_MONTH: Final = 3 * 60 * 730
# With 100 ms per answer and 32 in flight; start and plan, and each range of changes, take a second.
SLICE_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Month:
    """Dollars per month, for a scan every hour of an estate in which nothing changes."""

    tables: float
    queues: float
    functions: float

    @property
    def total(self) -> float:
        """The sum."""
        return self.tables + self.queues + self.functions


def month(table_requests: int, queue_requests: int, slices: int) -> Month:
    """Return the cost of a month, from the requests of one scan."""
    seconds = 2.0 + slices * SLICE_SECONDS
    executions = 2 + slices
    return Month(
        tables=SCANS_A_MONTH * table_requests * TABLE_REQUEST,
        queues=(SCANS_A_MONTH * queue_requests + POLLS_A_MONTH) * QUEUE_REQUEST,
        functions=SCANS_A_MONTH * (seconds * INSTANCE_GB * GB_SECOND + executions * EXECUTION),
    )
