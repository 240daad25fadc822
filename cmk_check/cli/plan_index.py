"""The index of a folder of plans: as JSON for programs, and as Markdown for people."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import groupby
from typing import Final, Literal

from cmk_check.cli.console import shown
from cmk_check.core.remediation.steps import ON_KEYS, Action, PlanStep
from cmk_check.web.answer import Answer
from cmk_check.web.aspect_models import Owner

# What Markdown would take for more than text, links without brackets too.
_MARKS: Final = re.compile(r"[\\`*_\[\]<>|&~$#@]|:(?=//)|(?<=www)\.")

_RUN: Final = (
    "## Run them\n\n```sh\naz login\nbash run.sh\n```\n\n"
    "It runs the plans in the order below, prints each step, goes on after a plan that stops, and "
    "ends with what is done, refused and left. What is done stands in `state.txt`: run it again "
    "after any failure or interruption, and it does what is left. A plan can also be run alone, "
    "with `bash`. Afterwards `cmk-check scan` judges the accounts again.\n\n"
    "Whoever runs it needs these roles, only for that time:\n\n"
    "- Cognitive Services Contributor on the accounts\n"
    "- Key Vault Contributor on the vaults, and on the resource groups of new ones\n"
    "- Key Vault Data Access Administrator, or Role Based Access Control Administrator, on the "
    "same\n"
)
_KEY_ROLE: Final = "- Key Vault Crypto Officer on the vaults\n"
_RECOVERY_ROLE: Final = (
    "- Key Vault Contributor on the subscriptions of the vaults that are recovered\n"
)

type Unplanned = Literal["account", "reason", "subscription", "scan"]


class VaultOfPlan(Answer):
    """The vault of a plan; `resourceGroup` is null where only the name of the vault is known."""

    name: str
    subscription_id: str
    resource_group: str | None
    is_new: bool
    is_shared: bool


class PlannedAccount(Answer):
    """An account and its plan; `accepted` says what accepts the violation, if anything does."""

    file: str
    id: str
    name: str
    resource_group: str
    subscription_id: str
    subscription_name: str | None
    owner: Owner | None
    kind: str | None
    location: str | None
    reason: str
    message: str
    accepted: str | None
    vault: VaultOfPlan
    key: str


class WithoutPlan(Answer):
    """What has no plan and needs a look, and why; `id` and `name` are null for the scan itself.

    `what` is `reason` where the account has a plan, which does not end this reason. `accepted`: an
    exception accepts the violation.
    """

    what: Unplanned
    id: str | None
    name: str | None
    reason: str
    message: str
    accepted: bool


class Selection(Answer):
    """What plans were asked for: all, or those of an owner or of some subscriptions."""

    owner: str | None
    subscriptions: Sequence[str]
    share_vault: bool


class PlanIndex(Answer):
    """All plans of a folder in their order; `compliant` counts the accounts that need none."""

    selection: Selection
    compliant: int
    plans: Sequence[PlannedAccount]
    without_plan: Sequence[WithoutPlan]


def as_json(index: PlanIndex) -> str:
    """Write the index for programs: ASCII, so that no name can control a terminal."""
    return f"{json.dumps(index.model_dump(mode='json', by_alias=True), indent=2)}\n"


def as_markdown(index: PlanIndex, steps: Sequence[PlanStep]) -> str:
    """Write the index for people; ``steps`` are those of all plans, whose warnings it lists."""
    return "".join(_parts(index, steps))


def _parts(index: PlanIndex, steps: Sequence[PlanStep]) -> Iterator[str]:
    plans, without = index.plans, index.without_plan
    yield f"# {_counted(len(plans), 'plan')} for {_of(index.selection)}\n\n"
    yield "Each plan is a script that puts an account under a customer-managed key, or ends what "
    yield "is wrong with its key. Nothing has been changed.\n\n| | |\n|---|---|\n"
    yield f"| accounts with a plan | {len(plans)} |\n"
    yield f"| [without a plan](#without-a-plan) | {len(without)} |\n"
    yield f"| compliant accounts, which need none | {index.compliant} |\n"
    new = {each.vault.name for each in plans if each.vault.is_new}
    yield f"| key vaults that the plans create | {len(new)} |\n\n"
    if plans:
        yield from _warnings(steps)
        yield _RUN
        yield from _roles_for_keys({step.action for step in steps})
        yield from _shared(plans)
        yield "## Plans\n\n"
        for (subscription, name), group in groupby(plans, _subscription):
            yield from _table(subscription, name, list(group))
    yield "## Without a plan\n\n"
    if not without:
        yield "Nothing.\n"
        return
    yield "| what | reason | what to do |\n|---|---|---|\n"
    for each in without:
        what = ": ".join(_code(text) for text in (each.name, each.id) if text) or "the scan"
        prefix = "Its plan does not end this: " if each.what == "reason" else ""
        yield f"| {what} | {_code(each.reason)} | {prefix}{_text(each.message)} |\n"


def _of(selection: Selection) -> str:
    parts = []
    if selection.owner is not None:
        parts.append(f"the owner {_code(selection.owner)}")
    if selection.subscriptions:
        parts.append(f"the subscriptions {', '.join(map(_code, selection.subscriptions))}")
    return " in ".join(parts) or "the whole estate"


def _warnings(steps: Sequence[PlanStep]) -> Iterator[str]:
    yield "## What cannot be undone\n\n"
    counts = Counter((step.title, step.warning) for step in steps if step.warning is not None)
    for (title, warning), count in counts.items():
        yield f"- {title} ({_counted(count, 'account')}): {warning}\n"
    yield "\n"


def _roles_for_keys(actions: AbstractSet[Action]) -> Iterator[str]:
    if actions & ON_KEYS:
        yield _KEY_ROLE
    if Action.RECOVER_VAULT in actions:
        yield _RECOVERY_ROLE
    yield "\n"


def _shared(plans: Sequence[PlannedAccount]) -> Iterator[str]:
    shared = [each for each in plans if each.vault.is_shared]
    if not shared:
        return
    yield "## Shared vaults\n\n"
    yield "Each has one key for all its accounts: whoever disables it stops all of them.\n\n"
    yield "| vault | key | subscription | resource group | region | owner | accounts |\n"
    yield "|---|---|---|---|---|---|---|\n"
    for vault, group in groupby(shared, lambda each: each.vault):
        first, *others = group
        yield _row(
            _code(vault.name),
            _code(first.key),
            _code(vault.subscription_id),
            _code(vault.resource_group),
            _code(first.location),
            _code(_owner(first)),
            str(1 + len(others)),
        )
    yield "\n"


def _subscription(plan: PlannedAccount) -> tuple[str, str | None]:
    return plan.subscription_id, plan.subscription_name


def _table(subscription: str, name: str | None, plans: Sequence[PlannedAccount]) -> Iterator[str]:
    title = ": ".join(_code(text) for text in (name, subscription) if text)
    yield f"### {title}\n\n{_counted(len(plans), 'plan')}\n\n"
    yield "| plan | account | resource group | region | owner | vault | why |\n"
    yield "|---|---|---|---|---|---|---|\n"
    for each in plans:
        number = re.sub("[^0-9].*", "", each.file.removeprefix("plans/"))
        accepted = f". {_text(each.accepted)}" if each.accepted else ""
        kind = "" if each.vault.is_new else " (exists)"
        yield _row(
            f"[{number}]({each.file})",
            _code(each.name),
            _code(each.resource_group),
            _code(each.location),
            _code(_owner(each)),
            f"{_code(each.vault.name)}{kind}",
            f"{_code(each.reason)}{accepted}",
        )
    yield "\n"


def _owner(plan: PlannedAccount) -> str | None:
    return plan.owner.value if plan.owner else None


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |\n"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _code(text: str | None) -> str:
    """Write a name as code, in which Markdown gives nothing a meaning; nothing for no name."""
    if not text:
        return ""
    plain = shown(text)
    fence = "`" * (1 + max(map(len, re.findall("`+", plain)), default=0))
    pad = " " if "`" in plain else ""
    return f"{fence}{pad}{plain}{pad}{fence}".replace("|", "\\|")


def _text(text: str) -> str:
    return _MARKS.sub(r"\\\g<0>", shown(text))
