"""Build gaps for Azure services that cannot be reached or do not issue a token.

reasons.toml contains the texts. The program does not start if a text is missing in reasons.toml.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from cmk_check.core.enums import GapReason
from cmk_check.core.gap import Gap
from cmk_check.core.reasons.catalogue import TABLES

_WORDS: Final[Mapping[str, Mapping[str, str]]] = TABLES["connection"]


def _gap(words: Mapping[str, str], *values: str | int) -> Gap:
    return Gap(GapReason(words["reason"]), detail=words["message"].format(*values))


# Parameters: the error's code, or the peer.
type _OfOne = Callable[[str], Gap]

NOBODY_SIGNED_IN: Final = _gap(_WORDS["nobody_signed_in"])
wrong_tenant: _OfOne = partial(_gap, _WORDS["wrong_tenant"])
wrong_clock: _OfOne = partial(_gap, _WORDS["wrong_clock"])
sign_in_refused: _OfOne = partial(_gap, _WORDS["sign_in_refused"])
name_unknown: _OfOne = partial(_gap, _WORDS["name_unknown"])
peer_silent: _OfOne = partial(_gap, _WORDS["peer_silent"])
not_connected: _OfOne = partial(_gap, _WORDS["not_connected"])
# Parameters: the peer and the proxy.
proxy_silent: Callable[[str, str], Gap] = partial(_gap, _WORDS["proxy_silent"])
# Parameters: the peer, the proxy, and the status of the proxy's refusal.
proxy_refuses: Callable[[str, str, int], Gap] = partial(_gap, _WORDS["proxy_refuses"])
# Parameters: the peer, and the variables that name the certificate file.
certificate_unknown: Callable[[str, str], Gap] = partial(_gap, _WORDS["certificate_unknown"])
