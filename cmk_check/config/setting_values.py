"""Check single settings: parse a text, or explain which values are allowed and what to do.

No message repeats a setting's value: a value pasted into the wrong variable may be a secret.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

from pydantic import BeforeValidator

from cmk_check.config.misspelt_settings import nearest
from cmk_check.config.ncrontab import check_ncrontab
from cmk_check.core.kinds import KINDS, is_known
from cmk_check.core.text import GUID, few, fold_id, is_guid
from cmk_check.limits import MAX_TAGS

_KIND: Final = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,63}")
# Azure's rule for names:
# https://learn.microsoft.com/rest/api/managementgroups/management-groups/create-or-update
_GROUP: Final = re.compile(r"[A-Za-z0-9_().-]{0,89}[A-Za-z0-9_()-]")
_DOMAIN: Final = re.compile(r"([a-z0-9-]{1,63}\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]", re.IGNORECASE)
NOT_CLIENT_ID: Final = "must be a client id; copy the identity's client id, not its name"
_NOT_TENANT: Final = "must be a tenant id or a domain; copy it from `az account show`"
_OUTSIDE: Final = "must be {} from {} to {}; correct it, or remove the setting"


@dataclass(frozen=True, slots=True)
class Check(BeforeValidator):
    """A check of a setting, with a description of the allowed values for the documents."""

    allowed: str = ""


def items(text: str) -> list[str]:
    """Return the entries of a comma-separated list."""
    return [item for part in text.split(",") if (item := part.strip())]


def entries(numbers: Iterable[int]) -> str:
    """Describe a list's entries by their ``numbers``, counted from 1, or "" without entries."""
    every = list(map(str, numbers))
    return f"{'entry' if len(every) == 1 else 'entries'} {few(every)}" if every else ""


def read_kinds(text: str) -> tuple[str, ...]:
    """Parse a list of kinds; of several spellings of a kind, keep the first.

    A misspelt kind is rejected, because accounts of the intended kind would silently not be judged.
    A list without a known kind is also rejected, because an estate without accounts is compliant.
    """
    kinds: dict[str, str] = {}
    for n, kind in enumerate(items(text), 1):
        meant = None if is_known(kind) else nearest(kind, KINDS)
        if meant is not None:
            raise ValueError(f"must name kinds that Azure has; write {meant} instead of entry {n}")
        kinds.setdefault(kind.lower(), kind)
    if not any(map(is_known, kinds)) or not all(map(_KIND.fullmatch, kinds)):
        raise ValueError(
            "must name kinds of accounts, at least one of them known to this program; write kinds "
            "like OpenAI,AIServices"
        )
    return tuple(kinds.values())


def _ids(what: str, pattern: str, example: str, allowed: str) -> Check:
    """Return a check that parses a list of ids and lower-cases the ids."""
    like = re.compile(pattern, re.IGNORECASE)

    def check(text: str) -> frozenset[str]:
        ids = items(text)
        if wrong := entries(n for n, item in enumerate(ids, 1) if not like.fullmatch(item)):
            raise ValueError(f"must be {what} separated by commas, like {example}; correct {wrong}")
        return frozenset(map(fold_id, ids))

    return Check(check, allowed=allowed)


def _policy_ids(kind: str, allowed: str) -> Check:
    """Return a check that parses a list of ARM ids of policy definitions or assignments."""
    pattern = rf"(/.+)?/providers/microsoft\.authorization/{kind}/[^/]+"
    example = f".../providers/Microsoft.Authorization/{kind}/name"
    return _ids(f"ids of {kind}", pattern, example, allowed)


SubscriptionIds = Annotated[
    frozenset[str],
    _ids("subscription ids", GUID, "00000000-0000-0000-0000-000000000000", "subscription ids"),
]
DefinitionIds = Annotated[frozenset[str], _policy_ids("policyDefinitions", "ids of policies")]
AssignmentIds = Annotated[
    frozenset[str], _policy_ids("policyAssignments", "ids of policy assignments")
]


def _read_names(text: str) -> tuple[str, ...]:
    """Parse a list of tag names, lower-case the names and remove duplicates."""
    names = tuple(dict.fromkeys(item.lower() for item in items(text)))
    if len(names) > MAX_TAGS:
        raise ValueError(f"must name at most {MAX_TAGS} tags; remove {len(names) - MAX_TAGS}")
    return names


# Pydantic converts the list to a set if the order has no meaning.
_NAMES: Final = Check(_read_names, allowed=f"at most {MAX_TAGS} names")
TagNames = Annotated[frozenset[str], _NAMES]
TagNamesInOrder = Annotated[tuple[str, ...], _NAMES]


def read_client_id(text: str) -> str:
    """Check that a text is the client id of an identity."""
    if not is_guid(text):
        raise ValueError(NOT_CLIENT_ID)
    return text


def list_sign_in_faults(variables: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the faults in variables that only the sign-in and HTTP libraries read."""
    tenant = variables.get("AZURE_TENANT_ID", "")
    faults = []
    if tenant and not is_guid(tenant) and not _DOMAIN.fullmatch(tenant):
        faults.append(("AZURE_TENANT_ID", _NOT_TENANT))
    faults += [
        (name, "must name a file that exists; correct the path, or remove the variable")
        for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
        if name in variables and not Path(variables[name]).exists()
    ]
    return faults


def read_group(text: str) -> str:
    """Check the name of a management group, which Azure also calls its id."""
    if not _GROUP.fullmatch(text):
        raise ValueError(
            "must be the name of a management group, or the tenant id for the root group; copy it "
            "from `az account management-group list --query '[].name'`"
        )
    return text


def schedule(example: str) -> Check:
    """Return a check for a timer's schedule; ``example`` shows an expression and its meaning.

    The Functions host also accepts time spans, but not in the Flex Consumption plan.
    """

    def check(text: str) -> str:
        try:
            check_ncrontab(text)
        except ValueError:
            raise ValueError(
                "must be an NCRONTAB expression for a date that exists; write second, minute, "
                f"hour, day, month and weekday, such as {example}"
            ) from None
        return text

    return Check(check)


def check_number(least: int, most: int, of: timedelta | None = None) -> Check:
    """Return a check for a whole number within bounds; ``of`` is the number's time unit, if any."""
    like = re.compile("[0-9]{1,9}")

    def check(text: str) -> int | timedelta:
        if not like.fullmatch(text) or not least <= int(text) <= most:
            raise ValueError(_OUTSIDE.format("a whole number", least, most))
        return int(text) * of if of else int(text)

    return Check(check, allowed=f"{least} to {most}")


def check_one_of(*allowed: str, is_on: bool = False) -> Check:
    """Return a check for one of the ``allowed`` words; with ``is_on``, the first means True."""

    def check(text: str) -> str | bool:
        if text.lower() not in allowed:
            raise ValueError(
                f"must be one of {', '.join(allowed)}; set one of them or remove the setting"
            )
        return text.lower() == allowed[0] if is_on else text.lower()

    return Check(check, allowed=", ".join(f"`{word}`" for word in allowed))


Switch = Annotated[bool, check_one_of("on", "off", is_on=True)]


def is_true(text: str) -> bool:
    """Parse the text of a boolean variable that the platform sets."""
    return text.lower() in {"true", "1", "yes", "on"}
