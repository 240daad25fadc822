"""What a month costs at list prices, from counted requests.

The prices are assumptions, not looked up: pay-as-you-go, US dollars, without taxes, discounts and
free grants, of the region West Europe, as the pages "Azure Table Storage pricing", "Azure Queue
Storage pricing" (LRS) and "Azure Functions pricing" (Flex Consumption, on demand) were known in
November 2026. Azure Resource Manager asks nothing for reading.
"""

from dataclasses import dataclass
from typing import Final

SCANS_A_MONTH: Final = 730
TABLE_REQUEST: Final = 0.00036 / 10_000
QUEUE_REQUEST: Final = 0.0004 / 10_000
GB_SECOND: Final = 0.000026
EXECUTION: Final = 0.40 / 1_000_000
INSTANCE_GB: Final = 2.0
# Polling by the host: an idle queue is asked once a minute, and there are three.
POLLS_A_MONTH: Final = 3 * 60 * 730
# With 100 ms an answer and 32 in flight; start and plan, and each range of changes, are a second.
SLICE_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Month:
    """Dollars a month, scanning every hour an estate in which nothing changes."""

    tables: float
    queues: float
    functions: float

    @property
    def total(self) -> float:
        """All of it."""
        return self.tables + self.queues + self.functions


def month(table_requests: int, queue_requests: int, slices: int) -> Month:
    """Price the requests of one scan, made every hour."""
    seconds = 2.0 + slices * SLICE_SECONDS
    executions = 2 + slices
    return Month(
        tables=SCANS_A_MONTH * table_requests * TABLE_REQUEST,
        queues=(SCANS_A_MONTH * queue_requests + POLLS_A_MONTH) * QUEUE_REQUEST,
        functions=SCANS_A_MONTH * (seconds * INSTANCE_GB * GB_SECOND + executions * EXECUTION),
    )
