"""What a month costs at list prices.

The prices are assumptions, not looked up: pay-as-you-go in US dollars for West Europe, as known on
the date below from the pages "Azure Table Storage pricing", "Azure Queue Storage pricing" (LRS),
"Azure Functions pricing" (Flex Consumption, on demand) and "Azure Monitor pricing". They exclude
taxes, discounts and free grants. Reading Azure Resource Manager is free.
"""

from dataclasses import dataclass
from typing import Final

NOTED: Final = "2026-11-26"
HOURS_A_MONTH: Final = 730
_INSTANCE_GB: Final = 2
_BYTES_A_GB: Final = 1e9
# Five idle queues, polled once a minute.
_POLLS_A_MONTH: Final = 5 * 60 * HOURS_A_MONTH
# The rules of infra/modules/alerts.bicep that query logs every 5 or 15 minutes, or a metric; rules
# for the activity log are free.
_RULES_5_MINUTES: Final = 11
_RULES_15_MINUTES: Final = 6
_RULES_METRIC: Final = 1


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices in US dollars per unit in the field's name; a ``rule`` is priced per month."""

    table_requests_10000: float = 0.00036
    queue_requests_10000: float = 0.0004
    gb_second: float = 0.000026
    executions_million: float = 0.40
    table_gb_month: float = 0.045
    log_gb: float = 2.99
    rule_5_minutes: float = 1.50
    rule_15_minutes: float = 0.50
    rule_metric: float = 0.10


@dataclass(frozen=True, slots=True)
class Use:
    """The use in a month; ``seconds`` are of an instance, ``stored`` and ``logged`` are bytes."""

    table_requests: float
    queue_requests: float
    seconds: float
    executions: float
    stored: float = 0.0
    logged: float = 0.0


@dataclass(frozen=True, slots=True)
class Month:
    """US dollars per month; ``scans`` is the cost of requests and executions."""

    scans: float
    storage: float
    logs: float
    alert_rules: float


def month(use: Use, prices: Prices) -> Month:
    """Return the cost of a month."""
    rules = (
        (_RULES_5_MINUTES, prices.rule_5_minutes),
        (_RULES_15_MINUTES, prices.rule_15_minutes),
        (_RULES_METRIC, prices.rule_metric),
    )
    tables = use.table_requests / 10_000 * prices.table_requests_10000
    queues = (use.queue_requests + _POLLS_A_MONTH) / 10_000 * prices.queue_requests_10000
    executions = use.executions / 1_000_000 * prices.executions_million
    return Month(
        scans=tables + queues + (use.seconds * _INSTANCE_GB * prices.gb_second + executions),
        storage=use.stored / _BYTES_A_GB * prices.table_gb_month,
        logs=use.logged / _BYTES_A_GB * prices.log_gb,
        alert_rules=sum(number * price for number, price in rules),
    )
