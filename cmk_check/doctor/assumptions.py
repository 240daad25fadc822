"""Test the assumptions about Azure in assumptions.toml, which are not yet confirmed.

Probes use the data that the checks have read, and read little more. Strangers may read the report
of the assumptions, so the report contains only this program's sentences, counts, and words of Azure
that this program recognizes. The report contains no names, ids, addresses or other response text.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Final, Literal

from cmk_check import VERSION
from cmk_check.core.enums import GapReason
from cmk_check.core.gap import Gap
from cmk_check.core.keys.facts import Key, Vault
from cmk_check.core.keys.vault import is_closed
from cmk_check.core.text import as_object
from cmk_check.core.text_files import read_toml
from cmk_check.core.unread import Unread
from cmk_check.doctor.azure_checks import find_changes, states
from cmk_check.doctor.examined_app import DoctorSubject
from cmk_check.inventory import api_versions, gaps
from cmk_check.inventory.calls import Deadline
from cmk_check.limits import DOCTOR_SAMPLE_SECONDS

_BY_ROLES: Final = frozenset({"forbiddenbyrbac"})
_BY_NETWORK: Final = frozenset({"forbiddenbyconnection", "forbiddenbyfirewall", "forbiddenbynsp"})
_CODES: Final = _BY_ROLES | _BY_NETWORK | {"authorizationfailed", "invalidresourcetype"}
_NOTE: Final = re.compile(r"\(\d{3} ([A-Za-z0-9._-]+)\)")
# The name of keys that our plans create, which have a rotation policy.
_OF_A_PLAN: Final = re.compile(r"/keys/cmk-[0-9a-f]{16}$")
_GROUPS: Final = "/providers/microsoft.management/managementgroups/"
_AUTHORIZATION: Final = "/providers/Microsoft.Authorization"

type _Outcome = tuple[Literal["proved", "refuted", "not_reached"], tuple[str, ...]]
type _Probe = Callable[[DoctorSubject], Awaitable[_Outcome]]


def texts() -> Mapping[str, Mapping[str, str]]:
    """Return the texts ``belief``, ``why``, ``see`` and ``affects`` for each assumption, by id."""
    return read_toml(__package__, "assumptions.toml")


async def report(subject: DoctorSubject) -> tuple[Mapping[str, object], str]:
    """Test all assumptions after the checks; return the report and a summary sentence."""
    texts_by_id = texts()
    tried = await asyncio.gather(*(_run_probe(PROBES.get(name), subject) for name in texts_by_id))
    counts = Counter(result for result, _ in tried)
    refuted = [name for name, it in zip(texts_by_id, tried, strict=True) if it[0] == "refuted"]
    document = {
        "format": 1,
        "program": VERSION,
        "cloud": subject.settings.cloud,
        "actions": await states(subject),
        "assumptions": {
            name: {"belief": text["belief"], "result": result, "evidence": evidence}
            | ({"see": text["see"]} if result == "not_reached" else {})
            for (name, text), (result, evidence) in zip(texts_by_id.items(), tried, strict=True)
        },
    }
    codes = f" ({', '.join(refuted)})" if refuted else ""
    return document, (
        f"{counts['proved']} assumptions are proved, {len(refuted)} refuted{codes}, "
        f"{counts['not_reached']} not reached."
    )


async def _run_probe(probe: _Probe | None, subject: DoctorSubject) -> _Outcome:
    """Run a probe, so that an error in this probe affects no other probe."""
    text = "Read access is not enough to prove this assumption"
    if probe is not None:
        try:
            async with asyncio.timeout(DOCTOR_SAMPLE_SECONDS):
                return await probe(subject)
        except gaps.TROUBLE as error:
            text = _why(gaps.build_gap(error, ""))
        except Exception as error:  # noqa: BLE001 - a bug in one probe must not hide the others
            text = f"The probe failed: {type(error).__name__}"
    return "not_reached", (text,)


def _keys(is_chosen: Callable[[Vault], bool], against: Collection[str]) -> _Probe:
    """Check the keys in chosen vaults; a refusal code in ``against`` refutes the assumption."""

    async def probe(subject: DoctorSubject) -> _Outcome:
        parts = [
            part
            for facts in subject.key_facts
            if isinstance(facts.vault, Vault) and is_chosen(facts.vault)
            for part in (facts.key, facts.grants)
            if part is not None
        ]
        unread = [facts.gap for facts in parts if isinstance(facts, Unread)]
        refused = sum(_code(gap) in against for gap in unread)
        return _conclude("Answers", len(parts) - len(unread), refused, *map(_why, unread))

    return probe


async def _rotation(subject: DoctorSubject) -> _Outcome:
    """Read the keys again to get the rotation policy, which no check reads."""
    reader, counts = (await subject.inventory()).reader, Counter[bool | None]()
    for key in [each.key for each in subject.key_facts if isinstance(each.key, Key)]:
        document = await reader.document(key.id, Deadline.within(DOCTOR_SAMPLE_SECONDS))
        policy = as_object(document.get("properties")).get("rotationPolicy")
        # The structure of a policy in azure-mgmt-keyvault 14.1.0.
        types = [as_object(it.get("action")).get("type") for it in _in(policy, "lifetimeActions")]
        is_understood = bool(types) and {str(it).lower() for it in types} <= {"rotate", "notify"}
        absent = False if _OF_A_PLAN.search(key.id) else None
        counts[absent if policy is None else is_understood] += 1
    return _conclude("Policies", counts[True], counts[False], f"keys without one: {counts[None]}")


def _probe_types(*kinds: str) -> _Probe:
    """Check the responses for the given resource types."""

    async def probe(subject: DoctorSubject) -> _Outcome:
        used = (await subject.inventory()).api_versions()
        fits = {kind: used.in_use[kind] for kind in kinds if used.answers[kind][None]}
        refused = GapReason.API_VERSION_UNSUPPORTED
        odd = {kind for kind in kinds if used.answers[kind][refused]}
        good = fits.keys() - odd
        return _conclude("Types", len(good), len(odd), *odd, *fits.values(), need=len(kinds))

    return probe


def _exist(*actions: str) -> _Probe:
    """Check that the operations of resource providers include the given actions.

    Source: ``ProviderOperationsMetadata`` of azure-mgmt-authorization, 2022-04-01.
    """

    async def probe(subject: DoctorSubject) -> _Outcome:
        reader, until = (await subject.inventory()).reader, Deadline.within(DOCTOR_SAMPLE_SECONDS)
        listed: set[str] = set()
        for provider in sorted({each.partition("/")[0] for each in actions}):
            path = f"{_AUTHORIZATION}/providerOperations/{provider}"
            document = await reader.document(path, until, "$expand=resourceTypes")
            for part in (document, *_in(document, "resourceTypes")):
                listed |= {str(each.get("name")).lower() for each in _in(part, "operations")}
        lacking = [each for each in actions if each.lower() not in listed]
        return _conclude("Actions", len(actions) - len(lacking), len(lacking), *lacking)

    return probe


async def _changes(subject: DoctorSubject) -> _Outcome:
    """Query Resource Graph for changes, and for new accounts if there are no changes."""
    seen, new = await find_changes(subject)
    return _conclude("Changes, or new accounts without one", seen, new)


async def _exemptions(subject: DoctorSubject) -> _Outcome:
    """Compare subscriptions' lists of exemptions with the list of the management group above."""
    azure, until = await subject.inventory(), Deadline.within(DOCTOR_SAMPLE_SECONDS)

    async def count(path: str, prefix: str) -> int:
        entries = await azure.reader.entries(f"{path}{_AUTHORIZATION}/policyExemptions", until)
        return sum(str(as_object(each).get("id")).lower().startswith(prefix) for each in entries)

    group, below = subject.settings.management_group, [each.id for each in subject.listed]
    if group is not None:
        inside = await azure.list_subscriptions_below(group)
        below = [each.id for each in inside if each.id in below]
    paths = [f"/subscriptions/{each}" for each in below[: subject.most]]
    lists = await asyncio.gather(*(count(it, _GROUPS) for it in paths), return_exceptions=True)
    # A list that could not be read proves nothing.
    read = [each for each in lists if isinstance(each, int)]
    at_group = 0
    if group is not None and read and not any(read):
        at_group = await count(f"{_GROUPS}{group}", f"{_GROUPS}{group}/".lower())
    return _conclude("Exemptions", sum(read), at_group)


async def _sign_in(subject: DoctorSubject) -> _Outcome:
    settings = subject.settings
    by_entra = settings.on_azure and settings.http_auth == "entra"
    return _conclude("Apps", by_entra and settings.easy_auth, by_entra and not settings.easy_auth)


PROBES: Final[Mapping[str, _Probe]] = {
    "keys-with-roles": _keys(lambda vault: vault.uses_rbac, _BY_ROLES),
    "keys-behind-firewall": _keys(is_closed, _BY_NETWORK),
    "rotation-policy": _rotation,
    "role-actions": _exist(*gaps.ALL_ACTIONS),
    "changes-read": _changes,
    "group-exemptions": _exemptions,
    "policy-versions": _probe_types(*map(api_versions.get_type_of_action, gaps.EXCEPTION_ACTIONS)),
    "sign-in-variable": _sign_in,
}


def _conclude(what: str, fits: int, against: int, *more: str, need: int = 1) -> _Outcome:
    evidence = (f"{what}: {fits:d} as assumed, {against:d} not", *sorted(more))
    return "refuted" if against else "proved" if fits >= need else "not_reached", evidence


def _why(gap: Gap) -> str:
    action = gap.missing_action if gap.missing_action in gaps.ALL_ACTIONS else None
    return ", ".join(filter(None, (gap.reason.value, _code(gap), action)))


def _code(gap: Gap) -> str | None:
    note = _NOTE.search(gap.detail or "")
    return note[1].lower() if note and note[1].lower() in _CODES else None


def _in(document: object, name: str) -> list[dict[str, object]]:
    """Return the objects in the list ``name`` of a document with any structure."""
    entries = as_object(document).get(name)
    return [as_object(each) for each in entries] if isinstance(entries, list) else []
