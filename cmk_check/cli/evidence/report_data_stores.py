"""The section of the report on data stores, where they are read."""

from collections.abc import Iterable, Iterator
from typing import Final

from cmk_check.cli.evidence.html import Content, Html, element, table, whole
from cmk_check.cli.evidence.report_lists import Shortened
from cmk_check.cli.evidence.report_parts import account, listed, section, time_cell
from cmk_check.web import aspect_models, models

_NEVER_READ: Final = "Never read. The next scan that reads the subscription will do it."


def data_stores(
    counts: aspect_models.DataStoreCounts, uncovered: Shortened[models.Finding]
) -> Html:
    """Return the counts, and each account whose data is not known to be under the customer's keys.

    ``uncovered`` are these accounts.
    """
    numbers = counts.model_dump().values()
    return section(
        "Where accounts keep data",
        element(
            "p",
            "Each account was followed to the stores outside of it that it or its projects name. "
            "This changes no verdict.",
        ),
        table(
            ["Own keys", "Microsoft's keys", "Perhaps Microsoft's", "Unknown", "None"], [numbers]
        ),
        listed(
            uncovered,
            ["Account", "State", "Why", "Stores or projects", "Projects read"],
            _rows(uncovered.shown),
            "findings.ocsf.jsonl",
        ),
    )


def _rows(findings: Iterable[models.Finding]) -> Iterator[Iterable[Content]]:
    for finding in findings:
        if (data := finding.data_stores) is None:
            yield account(finding), "unknown", _NEVER_READ, "", ""
            continue
        reasons = [reason.message for reason in data.reasons]
        names = [name for reason in data.reasons for name in reason.evidence.values()]
        yield (
            account(finding),
            whole(data.state.replace("_", " ")),
            " ".join(reasons),
            ", ".join(names),
            time_cell(data.as_of) if data.as_of else "",
        )
