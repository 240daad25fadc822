"""The encryption scopes of accounts: parts of an account with another key, or without one."""

import asyncio
import functools

from azure.mgmt.cognitiveservices.aio import CognitiveServicesManagementClient

from cmk_check.core.enums import GapReason
from cmk_check.core.keys.facts import EncryptionScope
from cmk_check.core.keys.parsing import parse_scope
from cmk_check.core.reasons.gap_sentences import make_gap
from cmk_check.core.resource_id import AccountId
from cmk_check.core.unread import Unread
from cmk_check.inventory.calls import Deadline
from cmk_check.inventory.clients import Clients
from cmk_check.inventory.gaps import READ_SCOPES, TROUBLE, cannot_have_scopes, gap_of
from cmk_check.limits import SCOPE_CLIENTS_KEPT


class EncryptionScopes:
    """Reads the encryption scopes of accounts."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._client_of = functools.lru_cache(SCOPE_CLIENTS_KEPT)(
            functools.partial(clients.of, CognitiveServicesManagementClient)
        )

    async def find(
        self, account_id: AccountId, deadline: float
    ) -> tuple[EncryptionScope, ...] | Unread:
        """Return the encryption scopes of an account, before ``deadline`` (event loop's clock)."""
        scopes = self._client_of(account_id.subscription_id).encryption_scopes
        at = (account_id.resource_group, account_id.name)
        if not account_id.has_own_path:
            return Unread(make_gap(GapReason.UNEXPECTED_RESPONSE))
        try:
            async with asyncio.timeout_at(deadline):
                entries = await self._clients.entries(
                    Deadline(deadline), lambda call: scopes.list(*at, call=call)
                )
        except TROUBLE as error:
            return () if cannot_have_scopes(error) else Unread(gap_of(error, READ_SCOPES))
        return tuple(parse_scope(entry) for entry in entries)
