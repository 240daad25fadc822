"""The answer to a scrape, read as Prometheus reads it."""

from collections.abc import Mapping

from prometheus_client import Metric, parser
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_strictly

from tests.unit.web.asgi_client import Answer

type Labels = frozenset[tuple[str, str]]


def families_of(answer: Answer) -> dict[str, Metric]:
    """Parse an answer as a consumer of its content type does."""
    assert answer.status == 200, answer
    strictly = answer.headers["content-type"].startswith("application/openmetrics-text")
    parse = parse_strictly if strictly else parser.text_string_to_metric_families
    return {family.name: family for family in parse(answer.body.decode())}


def samples_of(families: Mapping[str, Metric]) -> dict[tuple[str, Labels], float]:
    """Return each sample by its name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families.values()
        for sample in family.samples
    }
