"""What a customer-managed key does not cover, although the account is under one.

Source: Microsoft's page "Customer-managed key encryption in Microsoft Foundry" of 24 August 2026,
its tables of coverage and its section on revoking a key; what is said of kind OpenAI stands on
"Azure OpenAI in Microsoft Foundry Models encryption of data at rest" of 26 November 2025 as well.
Of some of these an account says whether it uses them (``userOwnedStorage``, ``raiMonitorConfig``,
``amlWorkspace``, ``storedCompletionsDisabled``), of most it does not: all of them are named, unless
data stores were read.
"""

from collections.abc import Mapping
from typing import Final

from cmk_check.core.data_stores.account_data import AccountData
from cmk_check.core.data_stores.parsing import OF_AGENTS
from cmk_check.core.enums import DataReason, StoreUsage, Verdict
from cmk_check.core.text import few
from cmk_check.limits import MAX_STORES_NAMED

_REVOKED: Final = (
    "Fine-tuned models that are deployed already go on serving after the key was revoked, until "
    "their deployments are deleted."
)
_AGENTS: Final = (
    "Agents in the basic setup keep conversations, files and vector stores under Microsoft's keys; "
    "in the standard setup they lie in services of yours, each with a key of its own to set."
)
_HOSTED_AGENTS: Final = (
    "As of 24 August 2026, the home folder of a hosted agent's session lies on Microsoft's storage "
    "under Microsoft's keys, in every setup, and cannot be switched off."
)
_SPEECH: Final = (
    "What Speech keeps (training and test data, transcriptions, logs) is under Microsoft's keys, "
    "unless it lies in a storage account of yours, with a key of its own to set."
)
_ASSISTANTS: Final = "What OpenAI Assistants (deprecated) keep is under Microsoft's keys."
_HIDDEN: Final = {
    DataReason.PLACES_UNREAD,
    DataReason.PLACE_NOT_UNDERSTOOD,
    DataReason.TOO_MANY_STORES,
}
_CONNECTED: Final = (
    "Connected services, such as Azure AI Search, have encryption of their own, and a key to set."
)
_OWN_STORES: Final = "Agents keep files, threads or vectors here, each with its own key to set:"
_BASIC: Final = (
    "Agents of these projects lack a store of yours for conversations, files or vectors, and keep "
    "these under Microsoft's keys:"
)
_OWN_SPEECH: Final = "What Speech and Language keep lies here, each with its own key to set:"
_BY_KIND: Final[Mapping[str, tuple[str, ...]]] = {
    "openai": (_REVOKED,),
    "aiservices": (_AGENTS, _HOSTED_AGENTS, _SPEECH, _ASSISTANTS, _CONNECTED, _REVOKED),
}


def limits_of(
    kind: str | None, verdict: Verdict, data: AccountData | None = None
) -> tuple[str, ...]:
    """Return sentences for people; none where the account is not known to be under a key.

    They name what the account uses where ``data`` says it, and else what its kind could use.
    """
    if kind is None or verdict is not Verdict.COMPLIANT:
        return ()
    found = _BY_KIND.get(kind.lower(), ())
    if data is None or {concern.code for concern in data.concerns} & _HIDDEN:
        return found
    return tuple(text for each in found for text in _used(each, data))


def _used(sentence: str, data: AccountData) -> tuple[str, ...]:
    """Return what takes the place of a sentence for an account of which it is known."""
    found: tuple[str, ...] = (sentence,)
    speech = _stores(data, StoreUsage.SPEECH_AND_LANGUAGE)
    if sentence == _AGENTS:
        of_agents = (
            (_OWN_STORES, _stores(data, *OF_AGENTS)),
            (_BASIC, few(data.basic, MAX_STORES_NAMED)),
        )
        found = tuple(f"{said} {names}." for said, names in of_agents if names)
    elif sentence == _HOSTED_AGENTS and data.as_of is None:
        found = ()
    elif sentence == _SPEECH and speech:
        found = (f"{_OWN_SPEECH} {speech}.",)
    return found


def _stores(data: AccountData, *uses: StoreUsage) -> str:
    names = (each.name for each in data.stores if {use.use for use in each.uses} & {*uses})
    return few(names, MAX_STORES_NAMED)
