"""What breaks a requirement is a problem of its account, wherever a pipeline looks."""

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import count, product
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from rich.console import Console

from cmk_check.cli.compare_results import Earlier, compare_scans, list_violations
from cmk_check.cli.problems import Collected, find_partly_listed
from cmk_check.cli.scan_result import ScanResult
from cmk_check.cli.table import summarise
from cmk_check.core.model import Finding
from cmk_check.core.requirements import REQUIREMENTS, Requirement
from cmk_check.core.status import Status
from cmk_check.web import models
from cmk_check.web.aspect_models import Accounts, Sums, to_api_accounts, to_api_keys
from cmk_check.web.views.finding import to_api_finding
from tests.unit.cli.scan_kit import SETTINGS, world_of_keys
from tests.unit.core.aspects.test_catalogue import BARE, FINDINGS, PORTAL, counted
from tests.unit.core.examples import NOON
from tests.unit.core.test_requirements import against, asks, each_requirement

# Of the others, nobody has looked at anything beside the verdict.
READ = [each for each in FINDINGS if each not in BARE.values()]


def shown_as(finding: Finding) -> models.Finding:
    """Return a finding as the API shows it."""
    return to_api_finding(finding, None, Status(), NOON, PORTAL)


@each_requirement
async def test_p1_what_is_not_met_is_not_fixed(requirement: Requirement) -> None:
    """What could not be read again would otherwise leave the list of violations as mended."""
    world, expect = world_of_keys("healthy"), asks(requirement)
    await world.scan()
    status = await ScanResult(world.context, SETTINGS).status()
    context = replace(world.context, options=replace(world.context.options, expectations=expect))
    others = set(REQUIREMENTS) - {requirement}

    for before, after in product(READ, FINDINGS):
        document = shown_as(before).model_dump(mode="json", by_alias=True)
        earlier = Earlier(Path("earlier"), {}, list_violations([document], expect, ()))
        if not earlier.violations or any(against(each, counted([before])) for each in others):
            continue
        listed, read = [(shown_as(after), ())], {after.id.subscription_id}
        now = Collected(status, listed, (), read, (), (), {}, accepts=False, has_history=True)
        fixed = bool(compare_scans(earlier, context, now, ()).fixed)

        unmet = [each for each in REQUIREMENTS if against(each, counted([after]))]
        assert not (fixed and requirement in unmet)
        assert fixed or unmet


@each_requirement
async def test_a_reason_is_left_out_if_all_its_accounts_are_listed(
    requirement: Requirement,
) -> None:
    """It would be a second problem for each account; one that is not listed must have its own."""
    world = world_of_keys("healthy")
    await world.scan()
    status = await ScanResult(world.context, SETTINGS).status()

    for finding in READ:
        counts = counted([finding])
        sums = {"accounts": to_api_accounts(counts, NOON), "keys": to_api_keys(counts)}
        now = status.model_copy(update=sums)
        for code, number in requirement.counts(counts).items():
            for accounts in (), [(shown_as(finding), ())]:
                in_part = find_partly_listed(now, accounts, 0, accepts=False)
                assert in_part[code] == (number > len(accounts))


def numbered(model: type[BaseModel], numbers: Iterator[int]) -> BaseModel:
    """Return sums whose numbers all differ."""
    values: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        kind: Any = next(iter(get_args(field.annotation)), field.annotation)
        if kind is int:
            values[name] = next(numbers)
        else:
            is_model = isinstance(kind, type) and issubclass(kind, BaseModel)
            values[name] = numbered(kind, numbers) if is_model else {}
    return model.model_construct(**values)


async def test_the_table_has_a_number_of_each_sum_of_the_api() -> None:
    """Whoever scans by hand sees no other sums."""
    world, stream, numbers = world_of_keys("healthy"), io.StringIO(), count(1_001)
    await world.scan()
    status = await ScanResult(world.context, SETTINGS).status()
    accounts, sums = numbered(Accounts, numbers), vars(numbered(Sums, numbers))

    console = Console(file=stream, width=500)
    summarise(console, status.model_copy(update={"accounts": accounts, **sums}))

    printed = {int(each) for each in re.findall(r"\d{4}", stream.getvalue().replace(",", ""))}
    for name, each in {**vars(accounts), **sums}.items():
        found = vars(each).values() if isinstance(each, BaseModel) else [each]
        assert each == {} or not printed.isdisjoint(found), name
