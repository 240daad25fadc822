"""One token for all who ask, as long as it is good."""

import asyncio

import pytest
from azure.core.credentials import AccessTokenInfo, TokenRequestOptions
from azure.core.exceptions import ClientAuthenticationError
from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential

from cmk_check.config.settings import Settings
from cmk_check.core.enums import GapReason
from cmk_check.inventory.credential import SharedCredential, open_credential
from cmk_check.inventory.gaps import build_gap
from tests.unit.inventory.fake_transport import FakeCredential

SCOPE = "https://arm.test/.default"
LIFE = 3_600


class Issuer(FakeCredential):
    """A credential that gives numbered tokens, when it is let; ``shared`` has the same clock."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.asked: list[TokenRequestOptions | None] = []
        self.open = asyncio.Event()
        self.open.set()
        self.error: Exception | None = None
        self.closed = False
        self.shared = SharedCredential(self, lambda: self.now)

    async def tokens(self, callers: int = 1) -> set[str]:
        """Return the tokens that so many callers get at once."""
        asked = (self.shared.get_token(SCOPE) for _ in range(callers))
        return {answer.token for answer in await asyncio.gather(*asked)}

    async def get_token_info(
        self, *scopes: str, options: TokenRequestOptions | None = None
    ) -> AccessTokenInfo:
        """Return the next token."""
        assert scopes == (SCOPE,)
        self.asked.append(options)
        number = len(self.asked)
        await self.open.wait()
        if self.error is not None:
            raise self.error
        return AccessTokenInfo(f"token-{number}", int(self.now) + LIFE)

    async def close(self) -> None:
        """Remember it."""
        self.closed = True


@pytest.fixture
def issuer() -> Issuer:
    """The credential behind."""
    return Issuer()


async def test_who_asks_at_once_gets_the_same_token_until_it_is_spent(issuer: Issuer) -> None:
    """The identity endpoint would be asked once per subscription."""
    assert await issuer.tokens(50) == {"token-1"}
    assert await issuer.tokens() == {"token-1"}
    assert len(issuer.asked) == 1
    issuer.now += LIFE - 10  # a request must not outlive its token
    assert await issuer.tokens() == {"token-2"}


async def test_token_that_is_due_is_renewed_while_the_old_one_serves(issuer: Issuer) -> None:
    """Nobody waits for a renewal that is only a precaution."""
    await issuer.tokens()
    issuer.now += LIFE - 200
    issuer.open.clear()

    before = await issuer.tokens(3)
    issuer.open.set()
    await asyncio.sleep(0.01)
    after = await issuer.tokens()

    assert (before, after, len(issuer.asked)) == ({"token-1"}, {"token-2"}, 2)


async def test_failure_is_told_to_all_who_waited_and_not_kept(issuer: Issuer) -> None:
    """P11: the identity that is granted now works now."""
    issuer.error = ClientAuthenticationError("no identity")

    refused = await asyncio.gather(
        *(issuer.shared.get_token(SCOPE) for _ in range(5)), return_exceptions=True
    )
    issuer.error = None

    errors = [error for error in refused if isinstance(error, ClientAuthenticationError)]
    assert [build_gap(error, "").reason for error in errors] == [GapReason.UNAUTHENTICATED] * 5
    assert await issuer.tokens() == {"token-2"}


async def test_renewal_that_fails_leaves_the_old_token_in_use(issuer: Issuer) -> None:
    """A good token must not be lost to a hiccup."""
    await issuer.tokens()
    issuer.now += LIFE - 200
    issuer.error = ClientAuthenticationError("hiccup")

    assert await issuer.tokens() == {"token-1"}
    await asyncio.sleep(0.01)
    assert await issuer.tokens() == {"token-1"}


async def test_who_gives_up_waiting_takes_nothing_from_the_others(issuer: Issuer) -> None:
    """A subscription whose time is up must not fail the rest."""
    issuer.open.clear()
    hasty = asyncio.create_task(issuer.shared.get_token(SCOPE))
    patient = asyncio.create_task(issuer.shared.get_token(SCOPE))
    await asyncio.sleep(0)

    hasty.cancel()
    issuer.open.set()

    assert (await patient).token == "token-1"


async def test_claims_bring_a_new_token_that_replaces_the_old(issuer: Issuer) -> None:
    """Azure asks for claims when it revoked the token that everybody has."""
    await issuer.tokens()

    answer = await issuer.shared.get_token(SCOPE, claims="c")

    assert answer.token == "token-2"
    assert issuer.asked[1] == {"claims": "c"}
    assert await issuer.tokens() == {"token-2"}


async def test_close_ends_what_is_under_way(issuer: Issuer) -> None:
    """A process that ends must not wait for the identity endpoint."""
    issuer.open.clear()
    waiting = asyncio.create_task(issuer.shared.get_token(SCOPE))
    await asyncio.sleep(0)

    await issuer.shared.close()

    assert issuer.closed
    with pytest.raises(asyncio.CancelledError):
        await waiting


@pytest.mark.parametrize(
    ("environ", "kind"),
    [({"IDENTITY_ENDPOINT": "x"}, ManagedIdentityCredential), ({}, DefaultAzureCredential)],
)
async def test_managed_identity_where_there_is_one(environ: dict[str, str], kind: type) -> None:
    """A laptop has none, and there a developer's own sign-in counts."""
    credential = open_credential(Settings.load_for_scan(environ=environ), None)

    assert isinstance(credential, kind)
    await credential.close()
