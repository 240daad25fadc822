"""The encryption scopes of accounts: parts of an account that may have another key, or none."""

from cmk_check.core.key_facts import EncryptionScope, Unread
from cmk_check.core.key_parsing import parse_scope
from cmk_check.core.resource_id import AccountId
from cmk_check.inventory.calls import Until
from cmk_check.inventory.clients import Clients
from cmk_check.inventory.gaps import READ_SCOPES, TROUBLE, code_of_404, gap_of
from cmk_check.inventory.once import Once

type _Scopes = tuple[EncryptionScope, ...] | Unread


class EncryptionScopes:
    """Reads the encryption scopes of each account once."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._scopes: Once[_Scopes] = Once()

    async def find(self, account_id: AccountId, deadline: float) -> _Scopes:
        """Return the encryption scopes of an account."""
        return await self._scopes.get(
            account_id, lambda until: self._ask(account_id, until), deadline
        )

    async def _ask(self, account_id: AccountId, until: Until) -> _Scopes:
        scopes = self._clients.accounts(account_id.subscription_id).encryption_scopes
        at = (account_id.resource_group, account_id.name)
        try:
            entries = await self._clients.entries(until, lambda call: scopes.list(*at, call=call))
        except TROUBLE as error:
            # Not every cloud and kind of account has them; a page of a proxy has no code.
            return () if code_of_404(error) else Unread(gap_of(error, READ_SCOPES))
        return tuple(parse_scope(entry) for entry in entries)
