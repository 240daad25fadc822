"""Accounts of a plan of Terraform: ``terraform show -json``.

Sources: https://developer.hashicorp.com/terraform/internals/json-format; the resources of the
providers azurerm (cognitive_account*_resource.go, ai_services_resource.go) and azapi, read in 2026.
"""

import json
import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Final

from cmk_check.core.planned.account import Entry, PlannedAccount, Unresolved, listed, member, shaped
from cmk_check.core.planned.arm_template import DEPLOYMENTS, NOT_SHOWN
from cmk_check.core.resource_id import ACCOUNT_TYPE
from cmk_check.core.rule import KEY_VAULT
from cmk_check.core.text import as_object, few

_AI_SERVICES: Final = "azurerm_ai_services"
_ACCOUNTS: Final = frozenset({"azurerm_cognitive_account", _AI_SERVICES, "azapi_resource"})
_KEY: Final = "azurerm_cognitive_account_customer_managed_key"
_KEY_ID: Final = re.compile(r"(https://[^/]+/)keys/([^/]+)(?:/([^/]*))?/?")
_INDEX: Final = re.compile(r'(\[(\d+|"(\\.|[^"\\])*")\])?$')
_LOOPS: Final = frozenset({"each.key", "count.index"})
_AFTER_APPLY: Final = Unresolved("known after apply")
_OTHER: Final = Unresolved("that of an account outside the plan")
_SET_BY: Final = "the plan does not show the order or the account in which these set a key: {}"
_ATTRIBUTES: Final = ("name", "kind", "type", "body", "customer_managed_key")


@dataclass(frozen=True, slots=True)
class _Resource:
    """A resource in the plan; ``values`` are those after the plan, or before a deletion.

    ``place`` is its module, its name in the configuration, and its index. ``arm_type`` and ``body``
    are only for azapi. ``forced_by`` are the attributes for which it is deleted and created again.
    """

    line: int | None
    address: str
    type: str
    place: tuple[str, str, str]
    actions: list[object]
    had: dict[str, object]
    values: dict[str, object]
    forced_by: str = ""

    @property
    def is_gone(self) -> bool:
        return self.actions in (["delete"], ["forget"])

    @property
    def is_idle(self) -> bool:
        return self.actions in (["no-op"], ["forget"])

    @property
    def is_new(self) -> bool:
        return "create" in self.actions

    @property
    def arm_type(self) -> str:
        is_azapi, given = self.type.startswith("azapi_"), str(self.values.get("type"))
        return given.partition("@")[0].lower() if is_azapi else ""

    @property
    def body(self) -> object:
        body = self.values.get("body")
        with suppress(ValueError):  # a JSON string up to version 1 of azapi
            return json.loads(body) if isinstance(body, str) else body
        return body

    @property
    def before(self) -> Entry | None:
        """What it says of an account before the plan."""
        return _said(replace(self, actions=[], values=self.had)) if self.had else None

    def planned(
        self,
        entries: Collection[Entry],
        doubt: str | None = None,
        before: Entry | None = None,
        loss: str | None = None,
    ) -> PlannedAccount:
        name = self.values.get("name", self.address)
        account = PlannedAccount(name, self.address, self.line, [*entries], doubt)
        return replace(account, before=before, loss=loss)


def read_plan(document: object) -> list[PlannedAccount]:
    """Return the accounts after the plan, each once, and resources that may hide more."""
    planned = _planned_values(member(document, "planned_values", "root_module"))
    changes = listed(member(document, "resource_changes")) or list(planned)
    # What Terraform could not plan yet.
    deferred = listed(member(document, "deferred_changes"))
    changes = [*changes, *(member(each, "resource_change") for each in deferred)]
    managed = [each for each in changes if member(each, "mode") == "managed"]
    resources = [_resource(step) for each in managed for step in _steps(each)]
    said = [(each, given) for each in resources if (given := _said(each))]
    bases = {each.address: (each, base) for each, base in said if each.type in _ACCOUNTS}
    accounts = [account for account, _ in bases.values()]
    losses = {each.address: loss for each in resources if (loss := _loss(each)) is not None}
    configuration = member(document, "configuration", "root_module")
    found = []
    setters: dict[tuple[str, ...], dict[str, tuple[_Resource, Entry]]] = {}
    for each, entry in said:
        if each.type not in _ACCOUNTS and member(entry, "properties", "encryption") is not None:
            targets = _targets(each, accounts, configuration)
            setters.setdefault(targets, {})[each.address] = (each, entry)
    for address, (account, base) in bases.items():
        own = [*setters.get((address,), {}).values()]
        before = account.before
        for each, _ in own:
            before = _with(before, had) if before and (had := each.before) else before
        unclear = [each for each in setters if address in each[:-1]]
        loose = [given for each in unclear for given in setters[each].values()]
        entries = [_with(base, given) for _, given in own] or [base]
        block = "customer_managed_key"
        if any(each.is_idle for each, _ in own) and account.had.get(block):
            # Without its block, azurerm removes the key that the other resource has set.
            entries += [] if account.values.get(block) else [base]
        if account.is_new and not all(each.is_new or each.is_gone for each, _ in own):
            entries.append(base)  # it is created again, and what set its key before is not
        entries += [_with(entry, given) for entry in [*entries] for _, given in loose]
        names = few(each.address for each, _ in (*own, *loose))
        doubt = _SET_BY.format(names) if entries[1:] else None
        found.append(account.planned(entries, doubt, before, losses.pop(address, None)))
    outside = setters.get(("",), {}).values()
    found += [each.planned([entry], None, each.before) for each, entry in outside]
    unread = shaped(_OTHER, None)
    lost = [each for each in resources if each.address in losses]
    found += [each.planned((), None, each.before or unread, _loss(each)) for each in lost]
    return found + [each.planned((), NOT_SHOWN) for each in resources if _hides_accounts(each)]


def _loss(resource: _Resource) -> str | None:
    """Return why the plan deletes an account, "" if it does not say; None if it does not."""
    if resource.type == "azapi_resource_action":
        is_meant = resource.is_gone == (resource.values.get("when") == "destroy")
        is_deletion = str(resource.values.get("method")).upper() == "DELETE"
        if is_meant and is_deletion and not (resource.is_idle or resource.values.get("action")):
            return "" if resource.arm_type == ACCOUNT_TYPE else None
    if "delete" not in resource.actions:
        return None
    if resource.type.endswith("_template_deployment"):
        # azurerm deletes what the template has deployed.
        return "" if ACCOUNT_TYPE in str(resource.had).lower() else None
    if resource.type not in _ACCOUNTS or resource.before is None:
        return None
    why = resource.forced_by or "what the plan does not say"
    return f"it is created again because of {why}" if resource.is_new else ""


def _planned_values(module: object) -> Iterator[object]:
    """Yield the resources of a plan without changes, in which missing values are unknown."""
    for each in listed(member(module, "resources")):
        values = as_object(member(each, "values"))
        unknown = dict.fromkeys((name for name in _ATTRIBUTES if name not in values), True)
        yield {**as_object(each), "change": {"after": values, "after_unknown": unknown}}
    for child in listed(member(module, "child_modules")):
        yield from _planned_values(child)


def _steps(entry: object) -> list[object]:
    """Return a change; if it replaces what sets a key, its deletion and its creation, in order."""
    change = as_object(member(entry, "change"))
    actions = listed(member(change, "actions"))
    if member(entry, "type") != _KEY or {*actions} != {"create", "delete"}:
        return [entry]
    parts = {"delete": change, "create": {**change, "before": None}}
    changes = [{**parts[action], "actions": [action]} for action in map(str, actions)]
    return [{**as_object(entry), "change": part} for part in changes]


def _resource(entry: object) -> _Resource:
    line = getattr(entry, "line", None)
    address, kind, name = (str(member(entry, part)) for part in ("address", "type", "name"))
    index, block = address.removeprefix(_INDEX.sub("", address)), f"{kind}.{name}"
    place = (address.removesuffix(index).removesuffix(block), block, index)
    # A deposed object remains from an earlier apply and is deleted.
    actions, had = listed(member(entry, "change", "actions")), member(entry, "change", "before")
    after = _merged(member(entry, "change", "after"), member(entry, "change", "after_unknown"))
    values = as_object(had if actions in (["delete"], ["forget"]) else after)
    paths = few(map(_path, listed(member(entry, "change", "replace_paths"))))
    address += " (deposed)" if member(entry, "deposed") else ""
    return _Resource(line, address, kind, place, actions, as_object(had), values, paths)


def _path(steps: object) -> str:
    """Return a path as Terraform writes it, such as ``identity[0].type``."""
    parts = (f"[{each}]" if isinstance(each, int) else f".{each}" for each in listed(steps))
    return "".join(parts).removeprefix(".")


def _merged(after: object, unknown: object) -> object:
    """Return the values of a plan, with ``Unresolved`` for values that it cannot know."""
    if unknown is True:
        return _AFTER_APPLY
    if isinstance(unknown, dict) and unknown:
        known = as_object(after)
        names = dict.fromkeys([*known, *unknown])
        return {name: _merged(known.get(name), unknown.get(name)) for name in names}
    if isinstance(unknown, list) and unknown:
        return [_merged(*pair) for pair in zip_longest(listed(after), unknown)]
    return after


def _said(resource: _Resource) -> Entry | None:
    """Return what a resource says of an account; None for nothing."""
    if resource.is_gone and not (resource.is_idle and resource.type == _KEY):
        # azurerm sets Microsoft's keys when the resource of a key is destroyed.
        gone = {"encryption": {"keySource": "Microsoft.CognitiveServices"}}
        return shaped(_OTHER, gone) if resource.type == _KEY else None
    if resource.type == _KEY:
        return shaped(_OTHER, {"encryption": _encryption(resource.values)})
    if resource.type.startswith("azurerm_") and resource.type in _ACCOUNTS:
        blocks = resource.values.get("customer_managed_key")
        encryption = _encryption(next(iter(blocks), None) if isinstance(blocks, list) else blocks)
        kind = "AIServices" if resource.type == _AI_SERVICES else resource.values.get("kind")
        return shaped(kind, {"encryption": encryption})
    kind = member(resource.body, "kind") if resource.type in _ACCOUNTS else _OTHER
    is_account = resource.arm_type == ACCOUNT_TYPE and resource.values.get("when") != "destroy"
    properties = member(resource.body, "properties")
    names = {name.lower() for name in as_object(properties)}
    if resource.type not in _ACCOUNTS and member(properties, "encryption") is None:
        # An update says null where it does something of which nobody knows the outcome.
        properties = {"encryption": Unresolved("null")} if "encryption" in names else None
    return shaped(kind, properties) if is_account else None


def _encryption(block: object) -> object:
    """Return the encryption that a block or resource of azurerm sets, which always has a key."""
    if not isinstance(block, dict):
        return block
    ids = [block.get(name) for name in ("key_vault_key_id", "managed_hsm_key_id")]
    given = next((each for each in ids if isinstance(each, str) and each), "")
    parts = _KEY_ID.fullmatch(given)
    vault, name, version = parts.groups() if parts else (None, _AFTER_APPLY, None)
    key = {"keyVaultUri": vault, "keyName": name, "keyVersion": version}
    return {"keySource": KEY_VAULT, "keyVaultProperties": key}


def _targets(setter: _Resource, accounts: Collection[_Resource], module: object) -> tuple[str, ...]:
    """Return the addresses of accounts that may be set; at the end "" for one outside the plan."""
    attribute = "cognitive_account_id" if setter.type == _KEY else "resource_id"
    given, parent = setter.values.get(attribute), setter.values.get("parent_id")
    if isinstance(parent, str):
        given = f"{parent}/providers/{ACCOUNT_TYPE}/{setter.values.get('name')}"
    if isinstance(given, str):
        meant = {each.address: _has_id(each, given.lower()) for each in accounts}
        exact = [address for address, is_meant in meant.items() if is_meant]
        alike = [address for address, is_meant in meant.items() if is_meant is None]
        return (*exact,) if len(exact) == 1 else (*exact, *alike, "")
    path, block, index = setter.place
    for name in re.findall(r"module\.([\w-]+)", path):
        module = member(module, "module_calls", name, "module")
    blocks = listed(member(module, "resources"))
    own = next((each for each in blocks if member(each, "address") == block), None)
    names = {str(each) for each in listed(member(own, "expressions", attribute, "references"))}
    # Terraform lists a resource that an expression names, and each of its parts.
    named = {".".join(re.split(r"[.\[]", each)[:2]) for each in names - _LOOPS}
    referenced = [each for each in accounts if each.place[0] == path and {each.place[1]} == named]
    # The plan does not show whether an expression calculates with count.index.
    if len(referenced) > 1 and "each.key" in names:
        referenced = [each for each in referenced if each.place[2] == index]
    elif len(referenced) > 1:
        referenced = [each for each in referenced if "".join(each.place[1:]) in names]
    found = [each.address for each in referenced]
    return (*found,) if len(found) == 1 else (*(each.address for each in accounts), "")


def _has_id(account: _Resource, given: str) -> bool | None:
    """Tell whether an account has this id; None if it is new and only its subscription is open."""
    parts = ("id", "name", "resource_group_name", "parent_id")
    own, name, group, parent = map(account.values.get, parts)
    if given == str(own if isinstance(own, str) else account.had.get("id")).lower():
        return True
    scope = parent if isinstance(parent, str) else f"/resourcegroups/{group}"
    is_alike = given.endswith(f"{scope}/providers/{ACCOUNT_TYPE}/{name}".lower())
    if isinstance(own, str) or not is_alike:
        return False
    return True if isinstance(parent, str) else None


def _with(entry: Entry, setter: Entry) -> Entry:
    """Return an account with the setter's encryption merged over its own."""

    def laid_over(before: object, given: object) -> object:
        if not isinstance(before, dict) or not isinstance(given, dict):
            return given
        return before | {name: laid_over(before.get(name), given[name]) for name in given}

    both = (member(each, "properties", "encryption") for each in (entry, setter))
    return shaped(entry["kind"], {"encryption": laid_over(*both)})


def _hides_accounts(resource: _Resource) -> bool:
    """Tell whether a resource deploys a template that may have accounts."""
    text = str(resource.values | {"parameters_content": None, "parameters_body": None}).lower()
    is_template = resource.type.endswith("_template_deployment") or resource.arm_type in DEPLOYMENTS
    is_whole = "contentversion" in text and ACCOUNT_TYPE not in text and "templatelink" not in text
    is_open = bool(resource.arm_type) and isinstance(resource.values.get("type"), Unresolved)
    return not resource.is_gone and (is_open or (is_template and not is_whole))
