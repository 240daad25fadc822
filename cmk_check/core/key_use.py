"""The keys on which an account and its data stores depend, as recorded."""

from collections.abc import Mapping
from dataclasses import dataclass

from cmk_check.core.enums import DataState, StoreState, Verdict
from cmk_check.core.keys.parsing import key_id
from cmk_check.core.model import Finding


@dataclass(frozen=True, slots=True)
class KeysOfFinding:
    """The account's own key, and ``stores``: all keys, each with the data stores under it.

    Keys have the ids that ``key_id`` returns. With ``is_unjudged``, the account may be under any
    key; with ``has_unknown_data``, its data may be.
    """

    own: str | None
    stores: Mapping[str, set[str]]
    is_unjudged: bool
    has_unknown_data: bool


def keys_of(finding: Finding) -> KeysOfFinding:
    """Return the keys of a finding; only a compliant account has its own key."""
    verdict, evidence, data = finding.judgement.verdict, finding.judgement.evidence, finding.data
    is_compliant = verdict is Verdict.COMPLIANT
    own = key_id(f"{evidence.key_vault_uri}/keys/{evidence.key_name}") if is_compliant else None
    stores: dict[str, set[str]] = {own: set()} if own else {}
    is_unknown = data is None or data.is_cut or data.state is DataState.UNKNOWN
    for store in data.stores if data else ():
        if key := key_id(store.key):
            stores.setdefault(key, set()).add(store.id or f"{finding.id} {store.name}")
        else:
            is_unknown = is_unknown or store.state is not StoreState.MICROSOFT_KEY
    is_unjudged = verdict is Verdict.UNKNOWN or (is_compliant and own is None)
    return KeysOfFinding(own, stores, is_unjudged, is_unknown)
