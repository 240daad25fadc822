"""Write the index of a folder of plans, as JSON for programs and as Markdown for people."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Final

from cmk_check.cli.plans_of_scan import PlanChoice, PlannedAccount, Plans, WithoutPlan, get_owner
from cmk_check.cli.problems import find_acceptance
from cmk_check.core.markdown import code, escape_markdown
from cmk_check.core.remediation.steps import ON_KEYS, Action
from cmk_check.core.text import format_count, write_time
from cmk_check.core.text_files import fill_part, read_toml

_FACTS: Final = (
    *("id", "name", "resourceGroup", "subscriptionId", "subscriptionName", "owner", "kind"),
    *("location", "dueAt"),
)
_BY_SUBSCRIPTION: Final = attrgetter("finding.subscription_id")
_TEXTS: Final[Mapping[str, str]] = read_toml(__package__, "plan_index.toml")


def render_json(plans: Plans) -> str:
    """Return the index for programs as ASCII, so that no name can control a terminal.

    A vault's ``resourceGroup`` is null if only the vault's name is known. ``accepted`` says what
    accepts the violation, or is null.
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
        "plans": [_describe_account(account) for account in plans.planned],
        "withoutPlan": [
            {
                "what": account.what,
                "id": account.id,
                "name": account.name,
                "reason": account.problem.code,
                "message": account.problem.accepted or account.problem.message,
                "accepted": account.problem.accepted is not None,
            }
            for account in plans.without
        ],
    }
    return f"{json.dumps(index, indent=2)}\n"


def _describe_account(planned: PlannedAccount) -> dict[str, object]:
    plan, facts = planned.plan, planned.finding.model_dump(mode="json", by_alias=True)
    return {
        "file": planned.file,
        **{name: facts[name] for name in _FACTS},
        "reason": planned.problem.code,
        "message": planned.problem.message,
        "accepted": find_acceptance(planned.finding.exception),
        "vault": {
            "name": plan.vault.name,
            "subscriptionId": plan.vault.subscription_id,
            "resourceGroup": plan.vault.resource_group,
            "isNew": plan.vault.is_new,
            "isShared": plan.vault.is_shared,
        },
        "key": plan.key,
    }


def render_markdown(index: Plans) -> str:
    """Return the index for people, with the warnings of all steps."""
    plans = index.planned
    steps = [step for each in plans for step in each.plan.steps]
    actions = {step.action for step in steps}
    warning = next(filter(None, (each.plan.warning for each in plans)), "")
    shared = [each for each in plans if each.plan.vault.is_shared]
    counts = Counter((step.title, step.warning) for step in steps if step.warning is not None)
    values = {
        "count": format_count(len(plans), "plan"),
        "selection": _of(index.choice),
        "planned": f"{len(plans):,}",
        "missing": f"{len(index.without):,}",
        "compliant": f"{index.compliant:,}",
        "vaults": f"{len({each.plan.vault.name for each in plans if each.plan.vault.is_new}):,}",
        "warning": escape_markdown(warning),
        "warnings": "".join(
            f"- {title} ({format_count(count, 'account')}): {why}\n"
            for (title, why), count in counts.items()
        ),
        "note": f"{index.sharing_note}\n\n" if index.sharing_note else "",
        "shared_vaults": _list_shared_vaults(shared),
        "plans": "".join(_plans(list(group)) for _, group in groupby(plans, _BY_SUBSCRIPTION)),
        "without": _format_unplanned(index.without),
    }
    parts = {
        "details": plans,
        "terraform": warning,
        "shared": shared,
        "on_keys": actions & ON_KEYS,
        "recovered": Action.RECOVER_VAULT in actions,
    }
    return fill_part(_TEXTS, "index", values | {part: "" for part in parts if not parts[part]})


def _of(choice: PlanChoice) -> str:
    parts = []
    if choice.owner is not None:
        parts.append(f"the owner {_code(choice.owner)}")
    if choice.unowned:
        parts.append("the accounts without an owner")
    if choice.subscriptions:
        parts.append(f"the subscriptions {', '.join(map(_code, choice.subscriptions))}")
    return " in ".join(parts) or "the whole estate"


def _format_unplanned(without: Sequence[WithoutPlan]) -> str:
    rows = []
    for account in without:
        what = ": ".join(_code(text) for text in (account.name, account.id) if text) or "the scan"
        prefix = "The account's plan does not fix this: " if account.what == "reason" else ""
        message = escape_markdown(account.problem.accepted or account.problem.message)
        rows.append((what, _code(account.problem.code), f"{prefix}{message}"))
    return _table(("what", "reason", "what to do"), rows) if rows else "Nothing.\n"


def _list_shared_vaults(shared: Sequence[PlannedAccount]) -> str:
    rows = []
    for vault, group in groupby(shared, lambda each: each.plan.vault):
        first, *others = group
        finding = first.finding
        names = vault.name, first.plan.key, vault.subscription_id, vault.resource_group
        cells = map(_code, (*names, finding.location, get_owner(finding)))
        rows.append((*cells, str(1 + len(others))))
    heads = ("vault", "key", "subscription", "resource group", "region", "owner", "accounts")
    return _table(heads, rows)


def _plans(plans: Sequence[PlannedAccount]) -> str:
    """Return the plans of a subscription."""
    own = plans[0].finding
    title = ": ".join(_code(it) for it in (own.subscription_name, own.subscription_id) if it)
    due = ["due by"] if any(account.finding.due_at for account in plans) else []
    rows = []
    for account in plans:
        finding, accepted = account.finding, find_acceptance(account.finding.exception)
        number = re.sub("[^0-9].*", "", account.file.removeprefix("plans/"))
        names = finding.name, finding.resource_group, finding.location, get_owner(finding)
        why = f"{_code(account.problem.code)}{f'. {escape_markdown(accepted)}' if accepted else ''}"
        dates = [write_time(finding.due_at) if finding.due_at else ""] if due else []
        vault = f"{_code(account.plan.vault.name)}{account.vault_note}"
        rows.append((f"[{number}]({account.file})", *map(_code, names), *dates, vault, why))
    heads = ("plan", "account", "resource group", "region", "owner", *due, "vault", "why")
    return f"### {title}\n\n{format_count(len(plans), 'plan')}\n\n{_table(heads, rows)}\n"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head, *lines = (f"| {' | '.join(cells)} |\n" for cells in (heads, *rows))
    return "".join([head, f"|{'---|' * len(heads)}\n", *lines])


def _code(text: str | None) -> str:
    """Return a name as code for a table, where a bar would end the cell."""
    return code(text).replace("|", "\\|")
