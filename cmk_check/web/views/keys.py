"""List the keys, and the accounts that depend on each key."""

from cmk_check.core.account_groups import KeyGroup
from cmk_check.core.enums import KeyState
from cmk_check.core.status import Status
from cmk_check.core.text import format_count, write_time
from cmk_check.limits import MAX_NAMES_OF_KEY, MAX_WORKBOOK_FINDINGS
from cmk_check.web import models, parameters
from cmk_check.web.aspect_models import Keys
from cmk_check.web.http.paging import Page
from cmk_check.web.views.groups import BY_KEY, Groups, SummingView


class KeysView(SummingView):
    """Builds pages of keys."""

    async def page(self, query: parameters.KeysQuery) -> tuple[Page[models.KeyInUse], str]:
        """Read one page, sorted by id, and a sentence about accounts that are not counted.

        Raises:
            RequestRefused: the token is invalid, or too many findings must be read.
        """
        is_workbook = query.format == "xlsx" and "top" not in query.model_fields_set
        most = MAX_WORKBOOK_FINDINGS if is_workbook else query.top
        uses = Groups(KeyGroup, most, query.skip_token, "https://")
        status = (await self.scans.status()).value
        keyless = 0
        async for groups, unread in self.read_groups(status, BY_KEY):
            keyless += groups.keyless
            for key, accounts in groups.keys.items():
                vault = key.removeprefix("https://").partition(".")[0]
                is_asked = query.key in {None, key} and query.vault in {None, vault}
                if is_asked and (use := uses.at(key)):
                    use.merge(accounts, unread=unread)
        return uses.page(self._to_api_key), _caution(status, keyless)

    def _to_api_key(self, key: str, use: KeyGroup) -> models.KeyInUse:
        states = {state.value: use.states[state] for state in KeyState}
        names = {"owner_names": use.owners, "versions": use.versions, "identities": use.identities}
        return models.KeyInUse.of(
            use,
            id=key,
            name=key.rpartition("/")[2],
            message=_message(use),
            shared=use.states.total() > 1,
            accounts=use.states.total(),
            owners=len(use.owners),
            keys=Keys(**states) if self.key_health else None,
            **{name: sorted(each)[:MAX_NAMES_OF_KEY] for name, each in names.items()},
        )


def _message(use: KeyGroup) -> str:
    accounts = use.states.total()
    including = (
        (use.unowned, "without an owner"),
        (use.states[KeyState.BROKEN], "whose key is already broken"),
        (use.unread, "not read by the last scan"),
    )
    parts = [f"{number:,} {text}" for number, text in including if number]
    included = f", including {', '.join(parts)}" if parts else ""
    whose = f" of {format_count(len(use.owners), 'owner')}" if use.owners else ""
    verb = "lose their" if accounts > 1 else "loses its"
    accounts_text = format_count(accounts, "account")
    return f"If this key stops working, {accounts_text}{whose} {verb} data{included}."


def _caution(status: Status, keyless: int) -> str:
    """Return a sentence about accounts that may also depend on a key but are not counted."""
    subscriptions = status.summary.subscriptions
    counts = (
        (keyless, "account", "{} whose key is not known"),
        (subscriptions.gap, "subscription", "{} not read"),
        (subscriptions.excluded, "subscription", "{} excluded"),
    )
    left_out = [text.format(format_count(number, noun)) for number, noun, text in counts if number]
    as_of = f"As of {write_time(status.as_of)}" if status.as_of else "No scan has finished yet"
    return f"{as_of}. Not counted: {'; '.join([*left_out, 'whatever else in Azure uses a key'])}."
