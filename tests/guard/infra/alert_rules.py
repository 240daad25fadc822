"""The alert rules over log lines, as a snapshot holds them."""

from typing import Any

from tests.guard.infra.bicep_kit import Json, of_type


def rules_of(resources: list[Json]) -> dict[str, Any]:
    """Return the properties of each rule, by its name without prefix and suffix."""
    found = of_type(resources, "Microsoft.Insights/scheduledQueryRules")
    return {
        rule["name"].removeprefix("cmk-").rpartition("-")[0]: rule["properties"] for rule in found
    }


def criterion(rule: Any) -> Any:  # noqa: ANN401 - the template's JSON
    """Return the one condition of a rule."""
    (found,) = rule["criteria"]["allOf"]
    return found
