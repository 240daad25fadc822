"""The index of a folder of plans: as JSON for programs, and as Markdown for people."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from cmk_check.cli.plans_of_scan import PlanChoice, PlannedAccount, Plans, owner_of
from cmk_check.cli.problems import accepted_by
from cmk_check.core.markdown import code, escaped
from cmk_check.core.remediation.steps import ON_KEYS, Action, PlanStep
from cmk_check.core.text import counted
from cmk_check.web.json_model import written

_RUN: Final = (
    "## Run them\n\n```sh\naz login\nbash run.sh\n```\n\n"
    "`run.sh` runs the plans in the order below, prints each step, continues after a failed plan, "
    "and ends with what is done, refused and left. `state.txt` lists what is done: run `run.sh` "
    "again after any failure or interruption, and it does the rest. A plan can also be run alone, "
    "with `bash`. Then `cmk-check scan` judges the accounts again.\n\n"
    "The person who runs it needs these roles, only for that time:\n\n"
    "- Cognitive Services Contributor on the accounts\n"
    "- Key Vault Contributor on the vaults, and on the resource groups of new ones\n"
    "- Key Vault Data Access Administrator, or Role Based Access Control Administrator, on the "
    "same\n"
)


def as_json(plans: Plans) -> str:
    """Yield the index for programs: ASCII, so that no name can control a terminal.

    A vault's ``resourceGroup`` is null if only its name is known. ``accepted`` is what accepts the
    violation, if anything.
    """
    choice = plans.choice
    index = {
        "selection": {
            "owner": choice.owner,
            "unowned": choice.unowned,
            "subscriptions": choice.subscriptions,
            "shareVault": choice.share_vault,
        },
        "compliant": plans.compliant,
        "plans": [_of_account(each) for each in plans.planned],
        "withoutPlan": [
            {
                "what": each.what,
                "id": each.id,
                "name": each.name,
                "reason": each.problem.code,
                "message": each.problem.accepted or each.problem.message,
                "accepted": each.problem.accepted is not None,
            }
            for each in plans.without
        ],
    }
    return f"{json.dumps(index, indent=2)}\n"


def _of_account(planned: PlannedAccount) -> dict[str, object]:
    finding, plan = planned.finding, planned.plan
    return {
        "file": planned.file,
        "id": finding.id,
        "name": finding.name,
        "resourceGroup": finding.resource_group,
        "subscriptionId": finding.subscription_id,
        "subscriptionName": finding.subscription_name,
        "owner": finding.owner and finding.owner.model_dump(mode="json"),
        "kind": finding.kind,
        "location": finding.location,
        "dueAt": finding.due_at and written(finding.due_at),
        "reason": planned.problem.code,
        "message": planned.problem.message,
        "accepted": accepted_by(finding.exception),
        "vault": {
            "name": plan.vault.name,
            "subscriptionId": plan.vault.subscription_id,
            "resourceGroup": plan.vault.resource_group,
            "isNew": plan.vault.is_new,
            "isShared": plan.vault.is_shared,
        },
        "key": plan.key,
    }


def as_markdown(index: Plans) -> Iterator[str]:
    """Yield the index for people in pieces, with the warnings of all steps."""
    plans, without = index.planned, index.without
    steps = [step for each in plans for step in each.plan.steps]
    yield f"# {counted(len(plans), 'plan')} for {_of(index.choice)}\n\n"
    yield "Each plan is a script that puts an account under a customer-managed key, or repairs its "
    yield "key. Nothing has been changed yet.\n\n| | |\n|---|---|\n"
    yield f"| accounts with a plan | {len(plans):,} |\n"
    yield f"| [without a plan](#without-a-plan) | {len(without):,} |\n"
    yield f"| compliant accounts, which need none | {index.compliant:,} |\n"
    new = {each.plan.vault.name for each in plans if each.plan.vault.is_new}
    yield f"| key vaults that the plans create | {len(new):,} |\n\n"
    if plans:
        if warning := next(filter(None, (each.plan.warning for each in plans)), None):
            yield f"## If Terraform manages an account\n\n{escaped(warning)}\n\n"
            yield "`run.sh` asks about it first. Without a terminal, it needs `--no-terraform`.\n\n"
        yield from _warnings(steps)
        yield _RUN
        actions = {step.action for step in steps}
        if actions & ON_KEYS:
            yield "- Key Vault Crypto Officer on the vaults\n"
        if Action.RECOVER_VAULT in actions:
            yield "- Key Vault Contributor on the subscriptions of the vaults that are recovered\n"
        yield "\n"
        yield from _shared(index)
        yield "## Plans\n\n"
        for _, group in groupby(plans, _subscription):
            yield from _table(list(group))
    yield "## Without a plan\n\n"
    if not without:
        yield "Nothing.\n"
        return
    yield "| what | reason | what to do |\n|---|---|---|\n"
    for each in without:
        what = ": ".join(_code(text) for text in (each.name, each.id) if text) or "the scan"
        prefix = "The account's plan does not fix this: " if each.what == "reason" else ""
        problem = each.problem
        message = escaped(problem.accepted or problem.message)
        yield f"| {what} | {_code(problem.code)} | {prefix}{message} |\n"


def _of(choice: PlanChoice) -> str:
    parts = []
    if choice.owner is not None:
        parts.append(f"the owner {_code(choice.owner)}")
    if choice.unowned:
        parts.append("the accounts without an owner")
    if choice.subscriptions:
        parts.append(f"the subscriptions {', '.join(map(_code, choice.subscriptions))}")
    return " in ".join(parts) or "the whole estate"


def _warnings(steps: Sequence[PlanStep]) -> Iterator[str]:
    yield "## What cannot be undone\n\n"
    counts = Counter((step.title, step.warning) for step in steps if step.warning is not None)
    for (title, warning), count in counts.items():
        yield f"- {title} ({counted(count, 'account')}): {warning}\n"
    yield "\n"


def _shared(plans: Plans) -> Iterator[str]:
    shared = [each for each in plans.planned if each.plan.vault.is_shared]
    if note := plans.sharing_note:
        yield f"{note}\n\n"
    if not shared:
        return
    yield "## Shared vaults\n\n"
    yield "Each vault has one key for all its accounts: disabling the key stops all of them.\n\n"
    yield "| vault | key | subscription | resource group | region | owner | accounts |\n"
    yield "|---|---|---|---|---|---|---|\n"
    for vault, group in groupby(shared, lambda each: each.plan.vault):
        first, *others = group
        yield _row(
            _code(vault.name),
            _code(first.plan.key),
            _code(vault.subscription_id),
            _code(vault.resource_group),
            _code(first.finding.location),
            _code(owner_of(first.finding)),
            str(1 + len(others)),
        )
    yield "\n"


def _subscription(planned: PlannedAccount) -> tuple[str | None, str]:
    return planned.finding.subscription_name, planned.finding.subscription_id


def _table(plans: Sequence[PlannedAccount]) -> Iterator[str]:
    title = ": ".join(_code(text) for text in _subscription(plans[0]) if text)
    due = "due by | " if any(each.finding.due_at for each in plans) else ""
    yield f"### {title}\n\n{counted(len(plans), 'plan')}\n\n"
    yield f"| plan | account | resource group | region | owner | {due}vault | why |\n"
    yield f"|---|---|---|---|---|{'---|' if due else ''}---|---|\n"
    for each in plans:
        finding = each.finding
        number = re.sub("[^0-9].*", "", each.file.removeprefix("plans/"))
        accepted = accepted_by(finding.exception)
        yield _row(
            f"[{number}]({each.file})",
            _code(finding.name),
            _code(finding.resource_group),
            _code(finding.location),
            _code(owner_of(finding)),
            *([written(finding.due_at) if finding.due_at else ""] if due else ()),
            f"{_code(each.plan.vault.name)}{each.vault_note}",
            f"{_code(each.problem.code)}{f'. {escaped(accepted)}' if accepted else ''}",
        )
    yield "\n"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |\n"


def _code(text: str | None) -> str:
    """Return a name as code for a table, whose cells end at each bar."""
    return code(text).replace("|", "\\|")
