"""The process's credential for Azure, which shares one token among all requests.

Without this credential, every SDK client would keep a separate token. The identity library does not
combine concurrent requests for tokens, so two hundred subscriptions would cause two hundred
requests to the identity endpoint.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Self, cast, override

from azure.core.credentials import AccessToken, AccessTokenInfo, TokenRequestOptions
from azure.core.credentials_async import AsyncSupportsTokenInfo
from azure.core.exceptions import ClientAuthenticationError
from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential

from cmk_check.config.settings import Settings
from cmk_check.core.gap import Gap
from cmk_check.inventory.connection_failures import sign_in_gap
from cmk_check.inventory.gaps import TROUBLE
from cmk_check.limits import TOKEN_MARGIN_SECONDS, TOKEN_RENEWAL_SECONDS
from cmk_check.ports import InventoryError

type _TokenRequest = tuple[tuple[str, ...], str | None]


def open_credential(settings: Settings, client_id: str | None) -> AsyncSupportsTokenInfo:
    """Return the credential of the managed identity, or of the developer if there is none."""
    if settings.managed_identity:
        # ManagedIdentityCredential ignores AZURE_CLIENT_ID, and uses the system-assigned identity
        # without an id.
        return ManagedIdentityCredential(client_id=client_id)
    authority = settings.addresses.authority_host
    return DeveloperCredential(managed_identity_client_id=client_id, authority=authority)


class SignInFailed(InventoryError, ClientAuthenticationError):
    """No token is available.

    ``SignInFailed`` is also an SDK error, because storage clients use credentials.
    """

    def __init__(self, gap: Gap) -> None:
        ClientAuthenticationError.__init__(self, gap.detail)
        self.gap = gap


class DeveloperCredential(DefaultAzureCredential):
    """Keeps all credentials' errors as causes, while the SDK keeps only the errors' messages."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - those of the SDK
        super().__init__(**options)
        self._attempts = [_Attempt(credential) for credential in self.credentials]
        self.credentials = cast("tuple[AsyncSupportsTokenInfo, ...]", tuple(self._attempts))

    @override
    async def get_token_info(
        self, *scopes: str, options: TokenRequestOptions | None = None
    ) -> AccessTokenInfo:
        for attempt in self._attempts:
            attempt.error = None
        try:
            return await super().get_token_info(*scopes, options=options)
        except ClientAuthenticationError as error:
            errors = [attempt.error for attempt in self._attempts if attempt.error is not None]
            raise error from (
                ExceptionGroup("no credential gave a token", errors) if errors else None
            )


class _Attempt:
    """A credential in a chain of credentials, with the error of its last attempt."""

    def __init__(self, inner: Any) -> None:  # noqa: ANN401 - the SDK names no common type
        self._inner = inner
        self.error: Exception | None = None

    async def get_token_info(
        self, *scopes: str, options: TokenRequestOptions | None = None
    ) -> AccessTokenInfo:
        """Return a token, as the SDK's ``AsyncSupportsTokenInfo`` requires."""
        try:
            token: AccessTokenInfo = await self._inner.get_token_info(*scopes, options=options)
        except Exception as error:
            self.error = error
            raise
        return token

    async def close(self) -> None:
        """Close the credential."""
        await self._inner.close()


class SharedCredential:
    """Shares one token until its renewal, and fetches a token once for all concurrent requests.

    A token that is due for renewal but still valid is renewed in the background. A failure is
    raised to all waiting callers and not cached.
    """

    def __init__(
        self, inner: AsyncSupportsTokenInfo, clock: Callable[[], float] = time.time
    ) -> None:
        self._inner = inner
        self._clock = clock
        self._tokens: dict[tuple[str, ...], AccessTokenInfo] = {}
        self._fetches: dict[_TokenRequest, asyncio.Task[AccessTokenInfo]] = {}

    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,  # noqa: ARG002 - part of the SDK's protocol
        enable_cae: bool = False,  # noqa: ARG002 - as above
        **_options: Any,  # noqa: ANN401 - as above
    ) -> AccessToken:
        """Return a token; if Azure revokes a token, it sends ``claims``, which require a new token.

        Raises:
            SignInFailed: no token is available.
        """
        token = self._tokens.get(scopes) if claims is None else None
        if token is None or self._clock() >= token.expires_on - TOKEN_MARGIN_SECONDS:
            # Shielded, so that a caller that stops waiting does not cancel the fetch for other
            # callers.
            token = await asyncio.shield(self._fetch((scopes, claims)))
        elif self._clock() >= (token.refresh_on or token.expires_on - TOKEN_RENEWAL_SECONDS):
            self._fetch((scopes, claims))
        return AccessToken(token.token, token.expires_on)

    def _fetch(self, request: _TokenRequest) -> asyncio.Task[AccessTokenInfo]:
        """Return the running fetch for a token request; start a fetch if none is running."""
        task = self._fetches.get(request)
        if task is None:
            task = self._fetches[request] = asyncio.create_task(self._fetch_now(request))
            task.add_done_callback(lambda done: self._finish_fetch(request, done))
        return task

    async def _fetch_now(self, request: _TokenRequest) -> AccessTokenInfo:
        scopes, claims = request
        options: TokenRequestOptions = {} if claims is None else {"claims": claims}
        try:
            token = await self._inner.get_token_info(*scopes, options=options)
        except TROUBLE as error:
            raise SignInFailed(sign_in_gap(error)) from error
        self._tokens[scopes] = token
        return token

    def _finish_fetch(self, request: _TokenRequest, done: asyncio.Task[AccessTokenInfo]) -> None:
        del self._fetches[request]
        if not done.cancelled():
            done.exception()  # retrieved, or asyncio warns if no caller waits any more

    async def close(self) -> None:
        """Stop all fetches and close the wrapped credential."""
        fetches = list(self._fetches.values())
        for task in fetches:
            task.cancel()
        await asyncio.gather(*fetches, return_exceptions=True)
        await self._inner.close()

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
