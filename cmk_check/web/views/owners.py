"""List the owners, whose accounts may be anywhere in the estate."""

from cmk_check.core.account_groups import OwnerGroup
from cmk_check.core.enums import KeyState, Verdict
from cmk_check.core.model import VerdictCounts
from cmk_check.web import models, parameters
from cmk_check.web.aspect_models import Keys
from cmk_check.web.http.paging import Page
from cmk_check.web.views.groups import BY_OWNER, Groups, SummingView


class OwnersView(SummingView):
    """Builds pages of owners."""

    async def page(self, query: parameters.OwnersQuery) -> Page[models.OwnerSums]:
        """Read one page: first the accounts without an owner, then the owners by name.

        Raises:
            RequestRefused: the token is invalid, or too many findings must be read.
        """
        owners = Groups(OwnerGroup, query.top, query.skip_token, " ")
        status = (await self.scans.status()).value
        async for groups, unread in self.read_groups(status, BY_OWNER):
            for owner, accounts in groups.items():
                # The blank sorts accounts without an owner before all owners, and is also a
                # position.
                if group := owners.at(f" {owner}"):
                    group.merge(accounts, unread=unread)
        return owners.page(self._to_api)

    def _to_api(self, place: str, group: OwnerGroup) -> models.OwnerSums:
        states = {state.value: group.keys[state] for state in KeyState}
        return models.OwnerSums.of(
            group,
            owner=place[1:] or None,
            accounts=VerdictCounts(*(group.verdicts[verdict] for verdict in Verdict)),
            keys=Keys(**states) if self.key_health else None,
        )
