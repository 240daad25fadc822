"""What a customer-managed key does not cover, although the account is under one.

An account's properties show whether it uses some of these (``userOwnedStorage``,
``raiMonitorConfig``, ``amlWorkspace``, ``storedCompletionsDisabled``), but not most. So all are
named, unless data stores were read.
"""

from collections.abc import Mapping
from typing import Final

from cmk_check.core.data_stores.account_data import AccountData
from cmk_check.core.data_stores.parsing import OF_AGENTS
from cmk_check.core.enums import DataReason, StoreUsage, Verdict
from cmk_check.core.text import few
from cmk_check.core.text_files import toml_of
from cmk_check.limits import MAX_STORES_NAMED

_TEXTS: Final = toml_of(__package__, "not_covered_by_cmk.toml")
_HIDDEN: Final = {
    DataReason.PLACES_UNREAD,
    DataReason.PLACE_NOT_UNDERSTOOD,
    DataReason.TOO_MANY_STORES,
}
_ANY_AGENTS: Final = ("hosted_agents", "agent_365")
_BY_KIND: Final[Mapping[str, tuple[str, ...]]] = {
    "openai": ("revoked",),
    "aiservices": ("agents", *_ANY_AGENTS, "speech", "assistants", "connected", "revoked"),
}


def limits_of(
    kind: str | None, verdict: Verdict, data: AccountData | None = None
) -> tuple[str, ...]:
    """Return sentences for people, none unless the account is known to be under a key.

    They name what the account uses if ``data`` shows it, or else what its kind could use.
    """
    if kind is None or verdict is not Verdict.COMPLIANT:
        return ()
    names = _BY_KIND.get(kind.lower(), ())
    if data is None or {concern.code for concern in data.concerns} & _HIDDEN:
        return tuple(_TEXTS[name] for name in names)
    return tuple(text for name in names for text in _used(name, data))


def _used(name: str, data: AccountData) -> tuple[str, ...]:
    """Return the sentences that replace a sentence if it is known what the account uses."""
    speech = _stores(data, StoreUsage.SPEECH_AND_LANGUAGE)
    if name == "agents":
        of_agents = (
            ("own_stores", _stores(data, *OF_AGENTS)),
            ("basic", few(data.basic, MAX_STORES_NAMED)),
        )
        return tuple(f"{_TEXTS[text]} {names}." for text, names in of_agents if names)
    if name in _ANY_AGENTS and data.as_of is None:
        return ()
    if name == "speech" and speech:
        return (f"{_TEXTS['own_speech']} {speech}.",)
    return (_TEXTS[name],)


def _stores(data: AccountData, *uses: StoreUsage) -> str:
    names = (each.name for each in data.stores if {use.use for use in each.uses} & {*uses})
    return few(names, MAX_STORES_NAMED)
