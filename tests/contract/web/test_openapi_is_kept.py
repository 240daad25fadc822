"""The API against its own OpenAPI document, with requests that nobody thought of."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from itertools import cycle
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance, unsupported_method
from schemathesis.specs.openapi.schemas import OpenApiSchema
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from cmk_check.core.enums import ChangeType, CoverageState, PostureVerdict, ScanState, Trigger
from cmk_check.core.model import Change
from cmk_check.core.scan_request import StartAnswer, StartOutcome
from cmk_check.core.scope import Scope as ScanScope
from cmk_check.core.status import Summary
from cmk_check.store.change_feed import FeedTable
from cmk_check.store.scan_rows import Scan
from cmk_check.store.scans import build_scan_id
from cmk_check.web import scan_now
from cmk_check.web.http import openapi
from cmk_check.web.views.health import Health
from tests.unit.core.aspects.test_catalogue import EXAMPLES
from tests.unit.web.api_kit import (
    AS_SERVED,
    LAB,
    MAX_AGE,
    NOON,
    Served,
    counted,
    coverage,
    finding,
    status_of,
)

pytestmark = pytest.mark.long

HOSTILE = [
    "<script>alert(1)</script>",
    "=cmd|' '!A0",
    "' or PartitionKey ne '",
    "\u202egnp.exe",
    '"}],"nextLink":"',
    "100%25{{7*7}}",
]


async def _hostile() -> Served:
    """Serve an estate with every example of every aspect, in which each text is hostile."""
    served = Served()
    rows, examples = [], [each for pair in EXAMPLES.values() for each in pair]
    for number, (name, state) in enumerate(zip(HOSTILE, cycle(CoverageState), strict=False)):
        subscription_id = f"{LAB[:-2]}{number:02}"
        found = [
            replace(
                example,
                id=finding(f"{place}{name}".replace("/", "-"), subscription_id=subscription_id).id,
                location=name,
                tags={name: name},
            )
            for place, example in enumerate(examples)
        ]
        row = replace(coverage(state, subscription_id, name), accounts=counted(found))
        await served.put(row, found)
        rows.append(row)
    await served.put_status(status_of(*rows))
    types, numbers = cycle(ChangeType), range(1, len(HOSTILE) + 1)
    changes = [
        Change(name, next(types), NOON, name, name, {name: {name: HOSTILE}}, number)
        for name, number in zip(HOSTILE, numbers, strict=True)
    ]
    await FeedTable(served.store).publish(changes)
    for number, ended in enumerate(ScanState):
        started = NOON + timedelta(minutes=number)
        scan_id = build_scan_id(started, "3fa9")
        scan = Scan(scan_id, number, Trigger.REQUEST, started, ended, reason=HOSTILE[number])
        if ended in {ScanState.COMPLETE, ScanState.INCOMPLETE}:
            summary = Summary(rows[number].accounts)
            scan = replace(scan, posture=PostureVerdict.UNKNOWN, summary=summary)
        await served.scans.commit(scans=[(scan, None)])
    return served


def _whole(served: Served) -> ASGIApp:
    """Serve what two functions serve, as the host does."""
    outcomes = cycle([StartAnswer(outcome, "20261125T120000Z-3fa9") for outcome in StartOutcome])

    async def ask(_named: frozenset[str]) -> StartAnswer:
        return next(outcomes)

    resent = cycle([True, False])

    async def resend(_first: int, _last: int) -> bool:
        return next(resent)

    api, starter = served.app(), scan_now.create_app(ask, resend, AS_SERVED, ScanScope())
    checked = Health(served.scans, served.clock, MAX_AGE)

    async def health(scope: Scope, receive: Receive, send: Send) -> None:
        status, said = await checked.check()
        await JSONResponse(said, status)(scope, receive, send)

    async def host(scope: Scope, receive: Receive, send: Send) -> None:
        path, method = scope["path"], scope["method"]
        if path == openapi.HEALTH:
            known = method in {"GET", "HEAD"}
            await (health if known else Response(status_code=404))(scope, receive, send)
        else:
            await (starter if path.startswith(scan_now.PATH) else api)(scope, receive, send)

    return host


def _described() -> OpenApiSchema:
    served = _whole(asyncio.run(_hostile()))
    described = schemathesis.openapi.from_asgi("/api/v1/openapi.json", served)
    # The host checks the key, before the app is called at all.
    del described.raw_schema["security"]
    for path, operations in described.raw_schema["paths"].items():
        for operation in operations.values() if path.startswith(scan_now.PATH) else ():
            del operation["security"]
    return described


# Here, because its operations are the test's parameters.
api = _described()
RELAXED = [HealthCheck.too_slow, HealthCheck.filter_too_much]


@api.parametrize()
@settings(max_examples=100, suppress_health_check=RELAXED)
def test_p10_no_request_gets_an_answer_that_is_not_documented(case: schemathesis.Case[Any]) -> None:
    """No 500, no undocumented status, header or body; what is invalid is refused."""
    # No schema says which tokens and cursors there are, so that a made-up one may be refused, nor
    # that two parameters exclude each other, or are the ends of a range.
    asked = set(case.query or {})
    pairs = {"owner", "unowned"}, {"from", "to"}
    may_be_refused = {"skipToken", "since"} & asked or any(pair <= asked for pair in pairs)
    # Azure's host itself answers a method that no function takes, and not with 405.
    is_health = case.path == openapi.HEALTH
    case.call_and_validate(
        excluded_checks=[
            *([positive_data_acceptance] if may_be_refused else []),
            *([unsupported_method] if is_health else []),
        ]
    )
