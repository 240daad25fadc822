"""What holds of every aspect in the API; a new one needs its examples in the catalogue's tests."""

from dataclasses import replace

import pytest
from pydantic.alias_generators import to_snake

from cmk_check.core.aspects import ASPECTS
from cmk_check.core.aspects.aspect import Aspect
from cmk_check.web import models
from tests.unit.core.aspects.test_catalogue import EXAMPLES
from tests.unit.web.api_kit import NOON, Served, counted, coverage, finding, status_of
from tests.unit.web.asgi_client import send

FINDINGS = "/api/v1/findings"
each_aspect = pytest.mark.parametrize("aspect", ASPECTS, ids=lambda it: it.name)


async def _put(served: Served, aspect: Aspect) -> list[str | None]:
    """Record an account for each example, and return their states."""
    named = zip(("first", "second"), EXAMPLES[aspect.name], strict=True)
    found = [replace(example, id=finding(name).id) for name, example in named]
    row = coverage(accounts=counted(found))
    await served.put(row, found)
    await served.put_status(status_of(row))
    return [aspect.state(each, NOON) for each in found]


@each_aspect
async def test_findings_are_narrowed_to_a_state_and_no_other_is_taken(
    empty: Served, aspect: Aspect
) -> None:
    """The list of what has to be mended is not one to pick from thousands by hand."""
    states = await _put(empty, aspect)
    app = empty.app()

    for name, state in zip(("first", "second"), states, strict=True):
        if state is not None:
            listed = (await send(app, f"{FINDINGS}?{aspect.name}={state}")).json["value"]
            assert [shown["name"] for shown in listed] == [name]
    refused = await send(app, f"{FINDINGS}?{aspect.name}=")
    assert (refused.status, refused.error) == (400, ("InvalidParameter", aspect.name))
    assert aspect.name == "owner" or str(states[0]) in refused.json["error"]["message"]


@each_aspect
async def test_sums_are_shown_of_the_estate_and_of_each_subscription(
    empty: Served, aspect: Aspect
) -> None:
    """Who sees no number takes it for nought."""
    await _put(empty, aspect)
    app, name = empty.app(), aspect.counted_as or aspect.name
    sums = aspect.sums(counted(EXAMPLES[aspect.name]))

    estate = (await send(app, "/api/v1/status")).json
    (listed,) = (await send(app, "/api/v1/subscriptions")).json["value"]
    (single,) = (await send(app, FINDINGS + "?top=1")).json["value"]
    metrics = (await send(app, "/api/v1/metrics")).body.decode()

    assert estate.get(name) == listed.get(name) == sums
    if aspect.counted_as:
        for state, number in (sums or {}).items():
            assert f'="{to_snake(state)}"}} {number}.0\n' in metrics
    assert (aspect.name in models.Finding.model_validate(single).sides) == bool(aspect.troubles)
    assert (aspect.name in models.Status.model_validate(estate).sums) == bool(aspect.counted_as)
