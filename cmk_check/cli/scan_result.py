"""The result of a scan in the models and formats of the HTTP API."""

import json
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from textwrap import indent
from typing import Any, Final

from pydantic import BaseModel

from cmk_check.config.settings import Settings
from cmk_check.core import posture
from cmk_check.core.counts import summarise
from cmk_check.core.enums import PostureReason, PostureVerdict
from cmk_check.core.reasons.command_line import address_person
from cmk_check.core.status import Status
from cmk_check.errors import NotUsable
from cmk_check.limits import MAX_PAGE_SIZE, ROWS_EXAMINED_PER_PAGE
from cmk_check.scan.scan_context import ScanContext
from cmk_check.web import models
from cmk_check.web.aspect_models import to_api_accounts, to_api_keys
from cmk_check.web.http.paging import Page
from cmk_check.web.http.table_walk_limit import Turns
from cmk_check.web.parameters import FindingsQuery, SubscriptionsQuery
from cmk_check.web.views import xlsx_export
from cmk_check.web.views.findings import FindingsView
from cmk_check.web.views.status import StatusView
from cmk_check.web.views.subscriptions import SubscriptionsView

_PARTIAL: Final = "The scan was interrupted: the result does not cover the whole estate."
# The fields of the API's models with sentences, and the fields whose parts have such fields.
_SENTENCES: Final = frozenset({"message", "detail", "reason"})
_WITH_PARTS: Final = frozenset({"reasons", "gap", "gaps", "key_health", "exception", "last_scan"})


@dataclass(frozen=True, slots=True)
class ScanResult:
    """The result of a scan, in words for the person who runs it.

    ``partial``: the scan was interrupted. ``failure`` says why the scan did not finish.
    ``by_option``: the option --subscription selected the subscriptions. Each method raises
    StoreError.
    """

    context: ScanContext
    settings: Settings
    partial: bool = False
    failure: str | None = None
    by_option: bool = False

    async def status(self) -> models.Status:
        """Return the status, which is never compliant after an interruption."""
        context = self.context
        expect = context.options.expectations
        has_keys = context.keys is not None
        view = StatusView(context.findings_table, context.scans, context.clock, expect, has_keys)
        body, _ = await view.read_estate()
        status = models.Status.model_validate_json(body)
        return self._address(await self._cut_short(status) if self.partial else status)

    async def pages(self) -> AsyncIterator[list[models.Finding]]:
        """Iterate over the findings by subscription, group and name, page by page."""
        context = self.context
        view = FindingsView(
            context.findings_table,
            context.scans,
            context.clock,
            self.settings.kinds,
            self.settings.addresses.portal_url,
            # Nothing else runs in this process.
            most_searched=ROWS_EXAMINED_PER_PAGE,
            turns=Turns(rest=0),
        )
        async for page in _pages(view.page, FindingsQuery):
            yield [self._address(finding) for finding in page]

    async def subscriptions(self) -> list[models.Subscription]:
        """Return all subscriptions."""
        context, has_keys = self.context, self.context.keys is not None
        view = SubscriptionsView(context.findings_table, context.scans, context.clock, has_keys)
        pages = _pages(view.page, SubscriptionsQuery)
        return [self._address(each) async for page in pages for each in page]

    def _address[Model: BaseModel](self, model: Model) -> Model:
        """Return the model with its sentences worded for the person."""
        changed: dict[str, object] = {}
        for name, value in model:
            if name in _SENTENCES and type(value) is str:  # a code is an enum
                changed[name] = address_person(value, by_option=self.by_option)
            elif name in _WITH_PARTS and value:
                many = isinstance(value, list)
                parts = [self._address(each) for each in (value if many else [value])]
                changed[name] = parts if many else parts[0]
        return model.model_copy(update=changed) if changed else model

    async def _cut_short(self, status: models.Status) -> models.Status:
        """Count the recorded rows, because the status row has only the counts of ended scans."""
        coverages = [
            stored.known.coverage
            async for stored in self.context.findings_table.subscriptions("", "")
            if stored.known.coverage is not None
        ]
        summary = summarise(coverages, changes=0)
        now, expect = self.context.clock.now(), self.context.options.expectations
        verdict = posture.judge_estate(Status(as_of=now, summary=summary), now, expect).verdict
        violated = verdict is PostureVerdict.NON_COMPLIANT
        reason = models.ReasonOfPosture(code=PostureReason.SCAN_FAILED, message=_PARTIAL)
        return status.model_copy(
            update={
                "posture": verdict if violated else PostureVerdict.UNKNOWN,
                "reasons": [reason],
                "fresh": False,
                "accounts": to_api_accounts(summary.accounts, now),
                "keys": to_api_keys(summary.accounts) if self.context.keys else None,
                "subscriptions": models.Subscriptions.model_validate(summary.subscriptions),
                "gaps": [],
                "gaps_omitted": summary.subscriptions.gap,
            }
        )


async def _pages[Query, Entry](
    page: Callable[[Query], Awaitable[Page[Entry]]], query: Callable[..., Query]
) -> AsyncIterator[Sequence[Entry]]:
    token: str | None = None
    while True:
        entries = await page(query(top=MAX_PAGE_SIZE, skipToken=token))
        yield entries.value
        if (token := entries.skip_token) is None:
            return


async def render_json(
    result: ScanResult, status: models.Status, scope: Mapping[str, Sequence[str]]
) -> AsyncIterator[bytes]:
    """Yield ``partial``, ``scope``, the API's ``status`` and all its ``findings``, page by page.

    The text is ASCII, so that names cannot control the terminal or fail in its encoding.
    """
    head = {"partial": result.partial, "scope": scope, "status": _to_json(status), "findings": []}
    yield json.dumps(head, indent=2).removesuffix("]\n}").encode()
    comma = ""
    async for page in result.pages():
        for finding in page:
            yield f"{comma}\n{indent(json.dumps(_to_json(finding), indent=2), '    ')}".encode()
            comma = ","
    yield b"\n  ]\n}\n"


def _to_json(model: BaseModel) -> dict[str, Any]:
    return model.model_dump(mode="json", by_alias=True)


async def render_xlsx(result: ScanResult) -> AsyncIterator[bytes]:
    """Write all findings as one workbook.

    Raises:
        NotUsable: the temporary folder cannot be written.
    """
    try:
        async for piece in xlsx_export.write_workbook(result.pages()):
            yield piece
    except OSError as error:
        raise NotUsable(
            f"the temporary folder {tempfile.gettempdir()} cannot be written ({error.strerror}); "
            "the workbook is built there. Set TMPDIR to use another folder."
        ) from error
