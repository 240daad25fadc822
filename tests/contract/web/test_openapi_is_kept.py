"""The API against its own OpenAPI document, with requests that nobody thought of."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from cmk_check.core.model import CoverageState
from tests.unit.web.served import LAB, Served, counted, coverage, finding, status_of

HOSTILE = [
    "<script>alert(1)</script>",
    "=cmd|' '!A0",
    "' or PartitionKey ne '",
    "\u202egnp.exe",
    '"}],"nextLink":"',
    "100%25{{7*7}}",
]


async def _hostile() -> Served:
    served = Served()
    rows = []
    for number, name in enumerate(HOSTILE):
        subscription_id = f"{LAB[:-2]}{number:02}"
        found = [
            replace(
                finding(part.replace("/", "-"), kind=name, subscription_id=subscription_id),
                location=name,
                tags={name: name},
            )
            for part in HOSTILE
        ]
        state = list(CoverageState)[number % len(CoverageState)]
        row = replace(coverage(state, subscription_id, name), accounts=counted(found))
        await served.put(row, found)
        rows.append(row)
    await served.put_status(status_of(*rows))
    return served


# Here, because its operations are the tests' parameters.
api = schemathesis.openapi.from_asgi("/api/v1/openapi.json", asyncio.run(_hostile()).app())
# The host checks the key, before the app is called at all.
del api.raw_schema["security"]
RELAXED = [HealthCheck.too_slow, HealthCheck.filter_too_much]


def _check(case: schemathesis.Case[Any]) -> None:
    # No schema says what an opaque token is, so that a made-up one may be refused.
    is_made_up = "skipToken" in (case.query or {})
    case.call_and_validate(excluded_checks=[positive_data_acceptance] if is_made_up else [])


@api.parametrize()
@settings(max_examples=40, suppress_health_check=RELAXED)
def test_p10_no_request_gets_an_answer_that_is_not_documented(case: schemathesis.Case[Any]) -> None:
    """No 500, no undocumented status, header or body; what is invalid is refused."""
    _check(case)


@pytest.mark.long
@api.parametrize()
@settings(max_examples=1000, suppress_health_check=RELAXED)
def test_p10_nor_do_many_more_requests(case: schemathesis.Case[Any]) -> None:
    """The same with more patience."""
    _check(case)
