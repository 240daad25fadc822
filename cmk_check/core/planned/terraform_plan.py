"""Read accounts from a Terraform plan, in the output of ``terraform show -json``.

Sources: https://developer.hashicorp.com/terraform/internals/json-format; the resources of the
azurerm provider (cognitive_account*_resource.go, ai_services_resource.go) and the azapi provider,
read in 2026.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import reduce
from typing import Final

from cmk_check.core.planned.account import NOT_SHOWN, PLAN, UNREAD, Entry, PlannedAccount, get_entry
from cmk_check.core.planned.arm_template import DEPLOYMENTS, may_have_account
from cmk_check.core.planned.document import Unresolved, as_dict, as_list, member, spend
from cmk_check.core.resource_id import ACCOUNT_TYPE
from cmk_check.core.rule import KEY_VAULT
from cmk_check.core.text import as_object, few

_AZURERM: Final = ("azurerm_cognitive_account", "azurerm_ai_services")
_ACCOUNTS: Final = (*_AZURERM, "azapi_resource")
_KEY: Final = "azurerm_cognitive_account_customer_managed_key"
_BLOCK: Final = "customer_managed_key"
_KEY_ID: Final = re.compile(r"https://[^/]+/keys/([^/]+)(?:/[^/]*)?/?")
_PATH: Final = f"/providers/{ACCOUNT_TYPE}/"
_IS_ACCOUNT: Final = re.compile(f".*{_PATH}[^/]+/?")
_INDEX: Final = re.compile(r'\[(?:\d+|"(?:\\.|[^"\\])*")\]')
_LOOPS: Final = frozenset({"each.key", "count.index"})
_AFTER_APPLY: Final = Unresolved("known after apply")
_OTHER: Final = Unresolved("that of an account outside the plan")
_UNREADABLE: Final = Unresolved("in a body that cannot be read")
_SENSITIVE: Final = Unresolved("overridden by sensitive_body, which no plan shows")
_SET_BY: Final = "the plan does not show the order or the account in which these set a key: {}"
_GONE: Final = (("delete",), ("forget",))
# The azurerm provider resets an account to Microsoft's keys when a key resource is destroyed.
_KEY_GONE: Final = Entry(_OTHER, {"keySource": "Microsoft.CognitiveServices"})


@dataclass(frozen=True, slots=True)
class _Resource:
    """A resource in a Terraform plan; ``values`` are the values after apply, or before a deletion.

    ``place`` is the resource's module, name and index. ``arguments`` are its arguments in the
    configuration. ``before`` and ``after`` are the account settings that the resource sets, if any.
    """

    line: int | None
    address: str
    type: str
    place: tuple[str, str, str]
    arguments: object
    change: object
    actions: tuple[str, ...]
    values: dict[str, object]
    before: Entry | None
    after: Entry | None

    def build_planned(
        self, entries: Collection[Entry], doubt: str | None = None, loss: str | None = None
    ) -> PlannedAccount:
        name, place = self.values.get("name", self.address), (self.address, self.line)
        return PlannedAccount(name, *place, [*entries], doubt, None, self.before, loss, PLAN)


def read_plan(document: object) -> list[PlannedAccount]:
    """Return a plan's accounts, without duplicates, and the resources that may hide accounts."""
    changes = as_list(member(document, "resource_changes"))
    # Resources that Terraform could not plan yet.
    deferred = as_list(member(document, "deferred_changes"))
    changes = [*changes, *(member(resource, "resource_change") for resource in deferred)]
    blocks = dict(_blocks(member(document, "configuration", "root_module")))
    resources = [resource for change in changes for resource in _resources(change, blocks)]
    accounts = {each.address: each for each in resources if each.after and each.type in _ACCOUNTS}
    # Resources that set the key of an account, certainly or possibly.
    setters: dict[str, dict[tuple[str, bool], _Resource]] = {}
    for resource in resources:
        after = resource.after
        if resource.type not in _ACCOUNTS and after and after.encryption is not None:
            targets = _targets(resource, accounts.values())
            for target in targets:
                setters.setdefault(target, {})[resource.address, len(targets) == 1] = resource
    planned_accounts = [
        _account(resource, resource.after, setters.get(address, {}))
        for address, resource in accounts.items()
        if resource.after
    ]
    for resource in resources:
        if resource.after and (resource.address, True) in setters.get("", {}):
            planned_accounts.append(resource.build_planned([resource.after]))
        if resource.address not in accounts and (loss := _loss(resource)) is not None:
            deleted = replace(resource, before=resource.before or UNREAD)
            planned_accounts.append(deleted.build_planned((), None, loss))
        if resource.actions not in _GONE and _may_deploy(resource.type, resource.values):
            planned_accounts.append(resource.build_planned((), NOT_SHOWN))
    return planned_accounts


def _account(
    account: _Resource, own: Entry, setters: Mapping[tuple[str, bool], _Resource]
) -> PlannedAccount:
    """Return an account with the keys from all resources that certainly or possibly set its key."""
    sure, loose = (
        [each for (_, is_sure), each in setters.items() if is_sure is is_certain]
        for is_certain in (True, False)
    )
    before = account.before and reduce(
        _merge_setter, (each.before for each in sure), account.before
    )
    entries = [_merge_setter(own, each.after) for each in sure] or [own]
    is_reset = member(account.change, "before", _BLOCK) and not account.values.get(_BLOCK)
    is_kept = any(not {"create", "delete"} & {*each.actions} for each in sure)
    if is_kept and (is_reset or "create" in account.actions):
        # A new account has no key, and azurerm removes the key if its block is deleted. A resource
        # that set the key earlier does not set it again.
        entries.append(own)
    spend(20 * len(loose))
    entries += [_merge_setter(entry, each.after) for entry in [*entries] for each in loose]
    doubt = _SET_BY.format(few(each.address for each in (*sure, *loose))) if entries[1:] else None
    return replace(account, before=before).build_planned(entries, doubt, _loss(account))


def _loss(resource: _Resource) -> str | None:
    """Return why a plan deletes an account, "" if it gives no reason, None without a deletion."""
    kind, actions = resource.type, resource.actions
    if kind == "azapi_resource_action":
        is_deletion = str(resource.values.get("method")).upper() == "DELETE"
        is_account = _arm_type(kind, resource.values) == ACCOUNT_TYPE
        return "" if is_deletion and is_account and actions != ("no-op",) else None
    before = as_object(member(resource.change, "before"))
    # azurerm deletes the resources that a template has deployed.
    is_template = kind.endswith("_template_deployment") and _may_deploy(kind, before)
    if "delete" not in actions or not (is_template or (kind in _ACCOUNTS and resource.before)):
        return None
    paths = few(map(_path, as_list(member(resource.change, "replace_paths"))))
    why = f"it is created again because of {paths or 'what the plan does not say'}"
    return why if "create" in actions and not is_template else ""


def _path(steps: object) -> str:
    """Return the path of an argument as Terraform writes it, such as ``identity[0].type``."""
    parts = (f"[{each}]" if isinstance(each, int) else f".{each}" for each in as_list(steps))
    return "".join(parts).removeprefix(".")


def _blocks(module: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Yield the address and the arguments of each resource in the configuration."""
    for resource in as_list(member(module, "resources")):
        yield f"{path}{member(resource, 'address')}", member(resource, "expressions")
    for name, call in as_object(member(module, "module_calls")).items():
        yield from _blocks(member(call, "module"), f"{path}module.{name}.")


def _resources(entry: object, blocks: Mapping[str, object]) -> Iterator[_Resource]:
    """Yield the resource that an entry of the plan describes.

    If the plan replaces a resource that sets a key, yield the deletion and the creation of the
    resource, in the order of the plan.
    """
    if member(entry, "mode") == "data":
        return
    line, change = getattr(entry, "line", None), member(entry, "change")
    address, kind, name = (str(member(entry, part)) for part in ("address", "type", "name"))
    block, arguments = f"{kind}.{name}", blocks.get(_INDEX.sub("", address))
    bare = re.sub(f"{_INDEX.pattern}$", "", address)
    place = (bare.removesuffix(block), block, address.removeprefix(bare))
    old = as_object(member(change, "before"))
    new = as_object(_merge_unknown(member(change, "after"), member(change, "after_unknown")))
    # A deposed object remains from an earlier apply and is deleted.
    address += " (deposed)" if member(entry, "deposed") else ""
    action_names = tuple(map(str, as_list(member(change, "actions"))))
    is_made_anew = kind == _KEY and {"create", "delete"} == {*action_names}
    for actions in ((each,) for each in action_names) if is_made_anew else (action_names,):
        is_gone = actions in _GONE
        before = _set_by(kind, old, arguments) if old and actions != ("create",) else None
        after = None if is_gone else _set_by(kind, new, arguments)
        if kind == _KEY and is_gone:
            after = before if actions == ("forget",) else _KEY_GONE
        fields = (line, address, kind, place, arguments, change, actions)
        yield _Resource(*fields, old if is_gone else new, before, after)


def _merge_unknown(after: object, unknown: object) -> object:
    """Return a plan's values, with ``Unresolved`` for values that are unknown before apply."""
    if isinstance(unknown, dict) and unknown and isinstance(after, dict):
        names = dict.fromkeys([*after, *unknown])
        return {name: _merge_unknown(after.get(name), unknown.get(name)) for name in names}
    if isinstance(unknown, list) and unknown and len(as_list(after)) == len(unknown):
        return [_merge_unknown(*pair) for pair in zip(as_list(after), unknown, strict=True)]
    return _AFTER_APPLY if unknown else after


def _set_by(kind: str, values: dict[str, object], arguments: object) -> Entry | None:
    """Return the account settings that a resource with these ``values`` sets, if any."""
    if kind == _KEY:
        return Entry(_OTHER, _encryption(values))
    if kind in _AZURERM:
        blocks = values.get(_BLOCK)
        if isinstance(blocks, list):
            blocks = Unresolved("set by several blocks") if blocks[1:] else next(iter(blocks), None)
        own_kind = values.get("kind") if kind == _AZURERM[0] else "AIServices"
        return Entry(own_kind, _encryption(blocks))
    if _arm_type(kind, values) != ACCOUNT_TYPE or values.get("when") == "destroy":
        return None
    with suppress(ValueError):  # two spellings of a name, which Terraform allows
        part = _set_by_azapi(kind, values)
        is_open = member(arguments, "sensitive_body") is not None
        return part._replace(encryption=_SENSITIVE) if is_open else part
    return Entry(_UNREADABLE, _UNREADABLE)


def _set_by_azapi(kind: str, values: dict[str, object]) -> Entry:
    body = _parse_json(values.get("body"))  # a JSON string before version 2 of azapi
    properties = member(body, "properties")
    if kind in _ACCOUNTS:
        return get_entry(member(body, "kind"), properties, is_whole=True)
    part = get_entry(_OTHER, properties)
    is_put = str(values.get("method")).upper() == "PUT"
    is_named = "encryption" in map(str.lower, as_object(properties))
    if part.encryption is None and (is_put or is_named):
        # Null in an update means an action with an unknown outcome.
        return Entry(_OTHER, Unresolved("left out"))
    return part


def _arm_type(kind: str, values: dict[str, object]) -> str:
    """Return the Azure resource type of an azapi resource, or "" for other resources."""
    type_name = str(values.get("type")).partition("@")[0].lower()
    if kind == "azapi_resource_action" and isinstance(action := values.get("action"), str):
        path = f"{values.get('resource_id')}/{action}".lower()
        type_name = ACCOUNT_TYPE if _IS_ACCOUNT.fullmatch(path) else f"{type_name}/{action}"
    return type_name if kind.startswith("azapi_") else ""


def _encryption(block: object) -> object:
    """Return the encryption that an azurerm block or resource sets; it always includes a key.

    The azurerm provider requires and validates the key's id, so a key exists even if its id is
    known only after apply.
    """
    if not isinstance(block, dict):
        return block
    ids = [block.get(name) for name in ("key_vault_key_id", "managed_hsm_key_id")]
    parts = _KEY_ID.fullmatch(next((each for each in ids if isinstance(each, str) and each), ""))
    no_name = "known-after-apply" if _AFTER_APPLY in ids else _AFTER_APPLY
    key = {"keyName": parts[1] if parts else no_name}
    return {"keySource": KEY_VAULT, "keyVaultProperties": key}


def _targets(setter: _Resource, accounts: Collection[_Resource]) -> tuple[str, ...]:
    """Return addresses of accounts that ``setter`` may set; "" is an account outside the plan."""
    spend(3 * len(accounts))
    attribute = "cognitive_account_id" if setter.type == _KEY else "resource_id"
    target, parent = setter.values.get(attribute), setter.values.get("parent_id")
    if isinstance(parent, str):
        target = f"{parent}{_PATH}{setter.values.get('name')}"
    if isinstance(target, str):
        meant = {each.address: _has_id(each, target.lower()) for each in accounts}
        exact = [address for address, is_meant in meant.items() if is_meant]
        alike = [address for address, is_meant in meant.items() if is_meant is None]
        return (*exact,) if len(exact) == 1 else (*exact, *alike, "")
    references = as_list(member(setter.arguments, attribute, "references"))
    names, (path, _, index) = {*map(str, references)}, setter.place
    # Terraform lists a resource that an expression names, and each part of the reference.
    addresses = {".".join(re.split(r"[.\[]", each)[:2]) for each in names - _LOOPS}
    matches = [each for each in accounts if each.place[0] == path and {each.place[1]} == addresses]
    # The plan does not show whether an expression calculates with count.index.
    if len(matches) > 1:
        if "each.key" in names:
            matches = [each for each in matches if each.place[2] == index]
        else:
            matches = [each for each in matches if "".join(each.place[1:]) in names]
    everyone = (*(each.address for each in accounts), "")
    return (matches[0].address,) if len(matches) == 1 else everyone


def _has_id(account: _Resource, text: str) -> bool | None:
    """Return whether an account has this id, or None if a new account's subscription is unknown."""
    parts = ("id", "name", "resource_group_name", "parent_id")
    own, name, group, parent = map(account.values.get, parts)
    made = f"{parent}{_PATH}{name}" if isinstance(parent, str) else None
    known_ids = (own, member(account.change, "before", "id"), made)
    if text in {each.lower() for each in known_ids if isinstance(each, str)}:
        return True
    is_alike = text.endswith(f"/resourcegroups/{group}{_PATH}{name}".lower())
    return None if is_alike and not isinstance(own, str) else False


def _merge_setter(entry: Entry, setter: Entry | None) -> Entry:
    """Return the ``entry`` of an account, with the encryption from ``setter`` merged into it."""

    def lay_over(before: object, after: object) -> object:
        if not isinstance(before, dict) or not isinstance(after, dict):
            return after
        return before | {name: lay_over(before.get(name), after[name]) for name in after}

    encryption = lay_over(entry.encryption, setter.encryption) if setter else entry.encryption
    return Entry(entry.kind, encryption)


def _may_deploy(kind: str, values: dict[str, object]) -> bool:
    """Return whether a Terraform resource deploys a template that may contain accounts."""
    arm_type = _arm_type(kind, values)
    if not kind.endswith("_template_deployment") and arm_type not in DEPLOYMENTS:
        return bool(arm_type) and isinstance(values.get("type"), Unresolved)
    try:
        body = _parse_json(values.get("template_content") or values.get("body"))
        template = member(body, "properties", "template") if arm_type else body
        return member(template, "resources") is None or may_have_account(template)
    except ValueError:
        return True


def _parse_json(value: object) -> object:
    """Parse a string as JSON; return any other value unchanged."""
    return json.loads(value, object_pairs_hook=as_dict) if isinstance(value, str) else value
