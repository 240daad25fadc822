"""Read accounts from compiled ARM templates, what-if results and Bicep snapshots.

Sources: https://learn.microsoft.com/azure/azure-resource-manager/templates/syntax and the page
linked-templates; WhatIfOperationResult in learn.microsoft.com/rest/api/resources, which `az` prints
without the enclosing ``properties``; `bicep snapshot` of Bicep 0.49. The program evaluates only the
template functions ``parameters`` and ``variables``.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from cmk_check.core.planned.account import NOT_SHOWN, PREDICTION, UNREAD, PlannedAccount, get_entry
from cmk_check.core.planned.document import TooMuchWork, Unresolved, as_dict, as_list, member, spend
from cmk_check.core.resource_id import ACCOUNT_TYPE
from cmk_check.core.text import as_object
from cmk_check.limits import MAX_EXPRESSION_CHARS

_NESTED: Final = "microsoft.resources/deployments"
DEPLOYMENTS: Final = frozenset({_NESTED, "microsoft.resources/deploymentstacks"})
_CALL: Final = re.compile(r"\b(parameters|variables)\(\s*'([^']+)'\s*\)", re.IGNORECASE)
# The results of these functions differ between deployments.
_UNLIKE: Final = re.compile(r"\b(newGuid|utcNow|deployment)\(", re.IGNORECASE)
_HERE: Final = re.compile(r"\b(resourceGroup|subscription\w*|resourceId)\(", re.IGNORECASE)
_PIECES: Final = re.compile(r"'(?:[^']|'')*'|[()]")
_TYPES: Final = "|".join(map(re.escape, (ACCOUNT_TYPE, *DEPLOYMENTS)))
# An id may end with an expression, which may contain slashes.
_ID: Final = re.compile(rf"/providers/({_TYPES})/([^/]+|\[((?!\]/).)*\])/?$")
_ID_CALL: Final = re.compile(rf"({_TYPES})(/\{{\d+\}})?'")
# The type of a resource, of a child resource, or of an extension, which may have a version.
_TYPE: Final = re.compile(
    rf"'(?!(?:{_TYPES})@)[\w.-]+(?:/[\w.-]+)*(?<!/providers)(?:@[\w.-]+)?'", re.ASCII
)
_LATE: Final = "reference("
_ORDER: Final = "several resources set the account, of two kinds or when and in which order is open"
_LATER: Final = "a resource whose name is known only during the deployment may set the account"
_CHANGES: Final = ("changes", "potentialChanges", "diagnostics")
_SAYS_NOTHING: Final = frozenset({"ignore", "unsupported", "deploy", "noeffect"})


class _Scope:
    """The parameters and variables that expressions can use; ``here`` is the deployment target."""

    def __init__(self, template: object, parameters: Mapping[str, object], here: str = "") -> None:
        self._template, self._here = template, here
        self.is_second = is_second_version(template)
        self._copied = str(member(template, "variables", "copy")).lower()
        # Null means the default in some versions of the language, and null in others.
        self._known = {
            ("parameters", name): Unresolved(f"{name}, null") if value is None else value
            for name, value in parameters.items()
        }

    def resolve(self, value: object) -> object:
        """Return a value after resolving its expressions or replacing them with ``Unresolved``."""
        spend(len(value) if isinstance(value, str) else 1)
        if isinstance(value, dict):
            return {name: self.resolve(entry) for name, entry in value.items()}
        if isinstance(value, list):
            return [self.resolve(entry) for entry in value]
        if not isinstance(value, str) or not value.startswith("[") or not value.endswith("]"):
            return value
        if value.startswith("[["):
            return value[1:]
        if call := _CALL.fullmatch(value[1:-1].strip()):
            return self._resolve_call(call)
        placed = _HERE.sub(lambda call: call[0] + self._here, value[1:-1])
        key = _CALL.sub(lambda call: _key(self._resolve_call(call)), placed)
        return Unresolved(value) if _UNLIKE.search(key) else Unresolved(value, key)

    def _resolve_call(self, call: re.Match[str]) -> object:
        """Return the value of a parameter or variable, unresolved if its value refers to itself."""
        place = part, name = (call[1].lower(), call[2].casefold())
        if place not in self._known:
            self._known[place] = Unresolved(f"[{call[0]}]")
            declared = member(self._template, part, name)
            default = declared if part == "variables" else member(declared, "defaultValue")
            is_copied = part == "variables" and f"'{name}'" in self._copied
            if not is_copied and (default is not None or member(declared, "nullable") is True):
                self._known[place] = self.resolve(default)
        return self._known[place]

    def word(self, value: object) -> str:
        """Return a resolved name, folded for case-insensitive comparison."""
        return _key(self.resolve(value)).lower().replace(" ", "")


def is_second_version(template: object) -> bool:
    """Return whether a template uses version 2 of the template language, which has `existing`."""
    version = member(template, "languageVersion")
    return isinstance(version, str) and version.startswith("2.")


def _key(value: object) -> str:
    """Return a key for comparison; two values have equal keys only if they are certainly equal."""
    spend(1)
    if isinstance(value, dict):
        value = [part for pair in value.items() for part in pair]
    if isinstance(value, list):
        return f"[{','.join(map(_key, value))}]"
    text = value.key if isinstance(value, Unresolved) else str(value)
    spend(len(text))
    return "'" + text.replace("'", "''") + "'" if isinstance(value, str) else text


@dataclass(frozen=True, slots=True)
class _Around:
    """A resource's context; ``place`` has the names, index and needs for each outer template.

    ``group`` is the resource group to deploy to, by subscription and name. ``conditions`` are the
    conditions that could not be evaluated.
    """

    scope: _Scope
    address: str = ""
    line: int | None = 1
    place: tuple[tuple[Sequence[Sequence[str]], int, Sequence[str]], ...] = ()
    group: tuple[str, str] = ("", "")
    conditions: frozenset[str] = frozenset()

    def overrides(self, other: "_Around") -> bool:
        """Return whether this resource is deployed after ``other``, and whenever ``other`` is."""
        spend(len(self.place))
        for (level, index, needs), (_, before, _) in zip(self.place, other.place, strict=False):
            if index != before:
                symbol, kind, name = level[before]
                names = {symbol, name, f"{kind[:-1]}/{name[1:]}"}
                waits = any(need in names or need.endswith(f"{kind},{name})") for need in needs)
                return waits and self.conditions <= other.conditions
        return self is other


type _Found = tuple[tuple[str, ...], _Around, PlannedAccount]
"""An account with the values that identify it."""


def read_template(template: object, *parameters: object) -> list[PlannedAccount]:
    """Return the accounts that a template deploys, without duplicates, and its hidden templates.

    ``parameters`` are the contents of each parameter file; a later file overrides an earlier one.
    """
    values = {name: value for each in parameters for name, value in parameter_values(each).items()}
    return _merge_setters(_walk(template, _Around(_Scope(template, values))))


def parameter_values(parameters: object) -> dict[str, object]:
    """Return parameter values, keyed by lower-cased parameter names."""
    hidden = Unresolved("a reference to a key vault")
    pairs = [(name.lower(), entry) for name, entry in as_object(parameters).items()]
    return {
        name: entry if isinstance(entry, Unresolved) else as_object(entry).get("value", hidden)
        for name, entry in as_dict(pairs).items()
    }


def _merge_setters(found_accounts: Iterable[_Found]) -> list[PlannedAccount]:
    """Return each account once, with all values that any resource in the template may set."""
    setters: dict[tuple[str, ...], list[_Found]] = {}
    for found in found_accounts:
        setters.setdefault(found[0], []).append(found)
    accounts = {key: _last_word(group) for key, group in setters.items()}
    late_accounts = [account for key, account in accounts.items() if _LATE in key[0]]
    late = [entry for account in late_accounts for entry in account.entries]
    for key, account in accounts.items():
        kinds = [entry.kind for entry in account.entries]
        spend(len(late))
        more = [entry for entry in late if _LATE not in key[0] and entry.kind in kinds]
        if more:
            accounts[key] = replace(account, entries=[*account.entries, *more], doubt=_LATER)
    return [*accounts.values()]


def _last_word(setters: Sequence[_Found]) -> PlannedAccount:
    """Return an account with the values from the last deployed resource that sets the account."""
    if len(setters) == 1:
        return setters[0][2]
    places = [around for _, around, _ in setters]
    last = [each for each in setters if all(map(each[1].overrides, places))]
    is_shown = all(account.entries for *_, account in setters)
    entries = [entry for *_, account in setters for entry in account.entries if is_shown]
    kinds = {str(entry.kind).lower() for entry in entries}
    if len(last) == len(kinds) == 1:
        return last[0][2]
    lost = [account for *_, account in setters if account.loss is not None]
    return replace(lost[0] if lost else setters[0][2], entries=entries, doubt=_ORDER)


def _walk(template: object, around: _Around) -> Iterator[_Found]:
    """Yield a template's accounts, each with a comparison key of the account's name."""
    resources, scope = member(template, "resources"), around.scope
    is_named, is_second = isinstance(resources, dict), is_second_version(template)
    if not isinstance(resources, dict | list | None):
        lacking = PlannedAccount("", around.address, around.line, (), NOT_SHOWN)
        yield (around.address,), around, lacking
    pairs = as_object(resources).items() if is_named else enumerate(as_list(resources))
    named_resources = [(str(symbol), resource) for symbol, resource in pairs]
    level = [
        (f"'{symbol}'".lower(), *(scope.word(member(resource, part)) for part in ("type", "name")))
        for symbol, resource in named_resources
    ]
    for index, (symbol, resource) in enumerate(named_resources):
        condition = scope.resolve(member(resource, "condition"))
        count = scope.resolve(member(resource, "copy", "count"))
        is_left_out = is_second and member(resource, "existing") is True
        is_left_out |= condition is False or (count == 0 and count is not False)
        needs = [scope.word(need) for need in as_list(member(resource, "dependsOn"))]
        is_open = set() if isinstance(condition, bool | None) else {_key(condition)}
        is_open |= set() if count is None else {f"copy {_key(count)}"}
        here = replace(
            around,
            address=f"{around.address}resources" + (f".{symbol}" if is_named else f"[{symbol}]"),
            line=getattr(resource, "line", around.line),
            place=(*around.place, (level, index, needs)),
            conditions=around.conditions | is_open,
        )
        if not is_left_out:
            yield from _find_in_resource(resource, level[index][1], here)
        # The condition of a resource does not apply to its child resources.
        below = replace(here, address=f"{here.address}.", conditions=around.conditions)
        yield from _walk(resource, below)


def _find_in_resource(resource: object, kind: str, around: _Around) -> Iterator[_Found]:
    properties, scope = member(resource, "properties"), around.scope
    name = scope.resolve(member(resource, "name"))
    account = PlannedAccount(name, around.address, around.line, (), NOT_SHOWN)
    if kind == f"'{ACCOUNT_TYPE}'":
        # Azure ignores case when it compares names, but not in the arguments of functions in names.
        key = name.key if isinstance(name, Unresolved) else _key(name).lower()
        written = _mark_copied_encryption(properties, scope.resolve(properties))
        entry = get_entry(scope.resolve(member(resource, "kind")), written, is_whole=True)
        yield (key, *around.group), around, replace(account, entries=(entry,), doubt=None)
    elif kind == f"'{_NESTED}'" and (nested := _find_nested(properties, scope)):
        template, mode, passed = nested
        where = [member(resource, part) for part in ("subscriptionId", "resourceGroup")]
        own = [scope.word(part) if part else "" for part in where]
        group = (own[0] or around.group[0], own[1] or ("" if own[0] else around.group[1]))
        if mode == "inner":
            scope = _Scope(template, parameter_values(passed), ",".join(group).strip(","))
        address = f"{around.address}.properties.template."
        yield from _walk(template, replace(around, scope=scope, address=address, group=group))
    elif kind.strip("'") in DEPLOYMENTS:
        if not _has_no_account(properties, around):
            yield (around.address,), around, account
    elif not _TYPE.fullmatch(kind):
        yield (around.address,), around, account


def _has_no_account(properties: object, around: _Around) -> bool:
    """Return whether a deployment certainly contains no account.

    Azure Verified Modules deploy templates from variables with the outer scope. Microsoft does not
    document which parameters a template in a variable can use.
    """
    template = member(properties, "template")
    if isinstance(template, str):
        template = around.scope.resolve(template)
    is_whole = isinstance(template, dict) and member(properties, "templateLink") is None
    return is_whole and not may_have_account(template)


def may_have_account(template: object) -> bool:
    """Return whether a template may contain an account, based on its literal resource types."""
    return any(_walk(template, _Around(_Scope(None, {}))))


def _mark_copied_encryption(properties: object, resolved: object) -> object:
    """Return ``resolved`` properties, with encryption unresolved if a copy loop sets it again."""
    is_copied = "encryption" in str(member(properties, "copy")).lower()
    return {"encryption": Unresolved("set by copy")} if is_copied else resolved


def _find_nested(properties: object, scope: _Scope) -> tuple[object, str, object] | None:
    """Return a nested template, its scope and its parameters, or None if any of them is hidden."""
    template, passed = (member(properties, part) for part in ("template", "parameters"))
    passed = scope.resolve(passed)
    mode = scope.resolve(member(properties, "expressionEvaluationOptions", "scope"))
    mode = mode or ("inner" if scope.is_second else "outer")
    mode = mode.lower() if isinstance(mode, str) else ""
    if isinstance(template, str) and mode == "inner":
        template = scope.resolve(template)  # Bicep puts the template of a file into a variable
    links = [member(properties, part) for part in ("parametersLink", "templateLink")]
    is_open = isinstance(passed, Unresolved) or links != [None, None]
    is_shown = isinstance(template, dict) and mode and not is_open
    return (template, mode, passed) if is_shown else None


def read_prediction(document: object) -> list[PlannedAccount]:
    """Return each account in a Bicep snapshot or what-if result once."""
    places = [(*at, part) for at in ((), ("properties",)) for part in _CHANGES]
    changes = [each for place in places for each in as_list(member(document, *place))]
    changes += [{"after": each} for each in as_list(member(document, "predictedResources"))]
    return _merge_setters(each for place in enumerate(changes) for each in _find_predicted(*place))


def _find_predicted(place: int, change: object) -> Iterator[_Found]:
    """Yield the account that a predicted change creates, or a template that the change hides."""
    after, before, what = (member(change, part) for part in ("after", "before", "changeType"))
    what = str(what).lower()
    own_id = member(change, "resourceId") or member(after, "id") or member(change, "target")
    # `bicep snapshot` writes these messages, which may quote values.
    address = f"diagnostics {place}" if isinstance(change, str) else str(own_id)
    name = member(after, "name") or address.lower().rpartition("/")[2]
    line, scope = getattr(after, "line", getattr(change, "line", None)), _Scope(None, {})
    account = PlannedAccount(name, address, line, advice=PREDICTION)
    types = {_get_type(address.lower()), str(member(after, "type")).lower()}
    delta = [str(each).lower() for each in as_list(member(change, "delta"))]
    if any("noeffect" in each and "properties.encryption" in each for each in delta):
        what = "noeffect"
    if ACCOUNT_TYPE not in types:
        is_hidden = bool(types & DEPLOYMENTS) and what not in {"ignore", "nochange", "delete"}
        is_hidden |= (what == "unsupported" and not own_id) or isinstance(change, str)
        if not is_hidden and "Nested" not in str(member(change, "code")):
            return
        account = replace(account, doubt=NOT_SHOWN)
    elif what == "delete":
        account = replace(account, before=UNREAD, loss="")
    elif what in _SAYS_NOTHING:
        account = replace(account, doubt=f"what-if says {what}, not what will be there")
    else:
        kind, properties = (scope.resolve(member(after, part)) for part in ("kind", "properties"))
        is_whole = what in {"none", "create"}
        entry = get_entry(kind, _mark_copied_encryption(properties, properties), is_whole=is_whole)
        account = replace(account, entries=(entry,))
    if before:
        part_before = get_entry(member(before, "kind"), member(before, "properties"))
        account = replace(account, before=part_before)
    yield (address.lower(),), _Around(scope), account


def _get_type(text: str) -> str:
    """Return the type of an account or deployment from its id or function call, or else ""."""
    if len(text) > MAX_EXPRESSION_CHARS:
        raise TooMuchWork("an id is too long to judge")
    if text.startswith("/"):
        match = _ID.search(text)
        return match[1] if match else ""
    depth, types = 0, []
    for piece in _PIECES.findall(text):
        depth += (piece == "(") - (piece == ")")
        types += _ID_CALL.findall(piece) if depth == 1 else []
    return types[0][0] if types else ""
