"""The list of keys: what depends on each, summed over all findings."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cmk_check.core.enums import KeyRotation, KeyState, Verdict
from cmk_check.core.key_use import key_of
from cmk_check.core.model import Finding
from cmk_check.core.status import Status
from cmk_check.core.text import counted
from cmk_check.limits import MAX_NAMES_OF_KEY, MAX_WORKBOOK_FINDINGS
from cmk_check.web import models, parameters
from cmk_check.web.aspect_models import Keys
from cmk_check.web.http.paging import Page
from cmk_check.web.json_model import written
from cmk_check.web.views.groups import Groups, SummingView

_NAMES: Final = ("owner_names", "versions", "identities")
_INCLUDING: Final = {
    "unowned": "without an owner",
    "broken": "whose key is already broken",
    "unread": "not read by the last scan",
}


@dataclass(slots=True)
class _KeyUse:
    """What depends on one key; ``numbers`` and ``names`` are keyed by response field."""

    numbers: Counter[str] = field(default_factory=Counter)
    names: dict[str, set[str | None]] = field(default_factory=lambda: {n: set() for n in _NAMES})
    expires: datetime | None = None
    next_rotation_at: datetime | None = None
    vault_id: str | None = None

    def add(self, finding: Finding, *, unread: bool) -> None:
        """Add an account that is under the key."""
        owner, health = finding.owner.value, finding.key_health
        self.numbers["accounts"] += 1
        self.numbers["unowned"] += owner is None
        self.numbers["unread"] += unread
        self.numbers["pinned"] += health is not None and health.rotation is KeyRotation.PINNED
        self.names["owner_names"].add(owner)
        self.numbers[(health.state if health else KeyState.UNKNOWN).value] += 1
        self.vault_id = self.vault_id or finding.vault_id
        if health is not None:
            self.names["versions"].add(health.key_version)
            self.names["identities"].add(health.principal_id)
            self.expires = min(filter(None, (self.expires, health.expires)), default=None)
            # The latest reading: a key that was not read has nothing newer.
            if health.next_rotation_at and not (unread and self.next_rotation_at):
                self.next_rotation_at = health.next_rotation_at

    def shown(self, key: str, *, key_health: bool) -> models.KeyInUse:
        """Make the response's entry."""
        names = {name: sorted(filter(None, each)) for name, each in self.names.items()}
        owners = len(names["owner_names"])
        states = {state.value: self.numbers[state.value] for state in KeyState}
        return models.KeyInUse(
            id=key,
            name=key.rpartition("/")[2],
            message=self._message(owners),
            vault_id=self.vault_id,
            shared=self.numbers["accounts"] > 1,
            **self.numbers,
            owners=owners,
            keys=Keys(**states) if key_health else None,
            expires=self.expires,
            next_rotation_at=self.next_rotation_at,
            **{name: each[:MAX_NAMES_OF_KEY] for name, each in names.items()},
        )

    def _message(self, owners: int) -> str:
        numbers = self.numbers
        whose = f" of {counted(owners, 'owner')}" if owners else ""
        verb = "lose their" if numbers["accounts"] > 1 else "loses its"
        parts = [f"{numbers[name]:,} {text}" for name, text in _INCLUDING.items() if numbers[name]]
        including = f", including {', '.join(parts)}" if parts else ""
        accounts = counted(numbers["accounts"], "account")
        return f"If this key stops working, {accounts}{whose} {verb} data{including}."


class KeysView(SummingView):
    """Makes pages of keys."""

    async def page(self, query: parameters.KeysQuery) -> tuple[Page[models.KeyInUse], str]:
        """Read one page, by id, and the text about what is not counted.

        Raises:
            RequestRefused: the token is invalid, or the estate has more findings.
            StoreError

        """
        is_workbook = query.format == "xlsx" and "top" not in query.model_fields_set
        most = MAX_WORKBOOK_FINDINGS if is_workbook else query.top
        uses = Groups(_KeyUse, most, query.skip_token, "https://")
        status = (await self.scans.status()).value
        unjudged = 0
        async for finding, unread in self.all_findings(status, "key"):
            key = key_of(finding)
            if key is None:
                unjudged += finding.judgement.verdict is not Verdict.NON_COMPLIANT
                continue
            vault = key.removeprefix("https://").partition(".")[0]
            is_asked = query.key in {None, key} and query.vault in {None, vault}
            if is_asked and (use := uses.at(key)):
                use.add(finding, unread=unread)
        page = uses.page(lambda key, use: use.shown(key, key_health=self.key_health))
        return page, _caution(status, unjudged)


def _caution(status: Status, unjudged: int) -> str:
    """Return a sentence about what may also depend on a key but is not counted."""
    subscriptions = status.summary.subscriptions
    counts = (
        (unjudged, "account", "{} whose key is not known"),
        (subscriptions.gap, "subscription", "{} not read"),
        (subscriptions.excluded, "subscription", "{} excluded"),
    )
    left_out = [text.format(counted(number, noun)) for number, noun, text in counts if number]
    as_of = f"As of {written(status.as_of)}" if status.as_of else "No scan has finished yet"
    return f"{as_of}. Not counted: {'; '.join([*left_out, 'whatever else in Azure uses a key'])}."
