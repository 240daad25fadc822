"""The keys on which an account and its data stores depend, as they are recorded."""

from dataclasses import dataclass

from cmk_check.core.enums import DataState, StoreState, Verdict
from cmk_check.core.keys.parsing import key_id
from cmk_check.core.model import Finding


@dataclass(frozen=True, slots=True)
class KeysOfFinding:
    """The ids of keys, as ``key_id`` returns them: the account's, and those of data stores.

    ``is_unjudged``: the account may be under any key. ``has_unknown_data``: its data may be.
    """

    own: str | None
    of_stores: frozenset[tuple[str, str]]
    is_unjudged: bool
    has_unknown_data: bool

    @property
    def ids(self) -> set[str]:
        """All of them."""
        return {key for key in (self.own, *dict(self.of_stores)) if key}


def keys_of(finding: Finding) -> KeysOfFinding:
    """Return the keys of a finding; only a compliant account is under a key of its own."""
    verdict, evidence, data = finding.judgement.verdict, finding.judgement.evidence, finding.data
    is_compliant = verdict is Verdict.COMPLIANT
    own = key_id(f"{evidence.key_vault_uri}/keys/{evidence.key_name}") if is_compliant else None
    stores = [(key_id(store.key), store) for store in data.stores] if data else []
    lost = any(not key and each.state is not StoreState.MICROSOFT_KEY for key, each in stores)
    return KeysOfFinding(
        own,
        frozenset((key, store.id or f"{finding.id} {store.name}") for key, store in stores if key),
        verdict is Verdict.UNKNOWN or (is_compliant and own is None),
        lost or data is None or data.is_cut or data.state is DataState.UNKNOWN,
    )
