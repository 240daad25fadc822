"""Build a digest: the posture now, and the events since the last digest."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from heapq import nlargest
from typing import Final, cast
from uuid import NAMESPACE_URL, uuid5

from cmk_check.core import posture
from cmk_check.core.account_groups import OwnerGroup
from cmk_check.core.alert_routes import Route
from cmk_check.core.enums import ChangeType, MessageType, PostureVerdict, Verdict
from cmk_check.core.model import AccountCounts, Change
from cmk_check.core.period import Period, build_period
from cmk_check.core.posture import Expectations, Posture
from cmk_check.core.status import Status
from cmk_check.core.text import format_count, write_time
from cmk_check.limits import DIGEST_OWNERS, MAX_FINDINGS_SUMMED, MAX_PERIOD_CHANGES
from cmk_check.ports import Clock, EarlierBuild
from cmk_check.store.change_feed import FeedTable
from cmk_check.store.codec import RowTooNew
from cmk_check.store.digests import Digests, DigestState
from cmk_check.store.findings import FindingsTable
from cmk_check.store.scans import ScanTable
from cmk_check.web.http.refusals import RequestRefused
from cmk_check.web.views.groups import BY_OWNER, SummingView

_COUNTS: Final = ("total", "nonCompliant", "unknown", "unread", "overdue")
_SENTENCE: Final = (
    "{nonCompliant:,} of {total:,} accounts not encrypted with a customer-managed key, "
    "{unknown:,} not judged, {unread:,} not read, {overdue:,} overdue"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestView(Digests):
    """Builds digests from the rows that the HTTP API shows.

    ``hostname`` is used for links, if known. At most ``most`` findings are summed by owner.
    """

    clock: Clock
    expect: Expectations
    hostname: str | None = None
    most: int = MAX_FINDINGS_SUMMED

    async def make(self, route: Route, state: DigestState) -> Change:
        """Return the digest of a period; a route with owners gets the accounts of these owners."""
        now, unread, missed = self.clock.now(), "", self.get_missed(state)
        until = state.due or now
        try:
            status = (await ScanTable(self.store).status()).value
            answer = posture.judge_estate(status, now, self.expect)
        except (EarlierBuild, RowTooNew) as error:  # waiting does not help, and would be silent
            status, unread = Status(), str(error)
            answer = Posture(PostureVerdict.UNKNOWN, (), fresh=False)
        owners, unsummed = ({}, unread) if unread else await self._owners(route, status)
        found, changes = await self._read_period(route, state.since, until)
        waiting = None if unread else status.unpublished.changes
        of_estate, accounts = route.owners is None, None
        if of_estate and not unread:
            accounts = _sums(status.summary.accounts.by_verdict, status.summary.accounts)
        elif not unsummed:
            accounts = {name: sum(one[name] for one in owners.values()) for name in _COUNTS}
        data: dict[str, object] = {
            "route": route.name,
            "since": write_time(state.since),
            "until": write_time(until),
            "notDeliveredSince": missed and write_time(missed),
            "posture": answer.verdict if of_estate else None,
            "reasons": [code for code, _ in answer.reasons] if of_estate else None,
            "asOf": status.as_of and write_time(status.as_of),
            "fresh": answer.fresh,
            "accounts": accounts,
            "changes": changes,
            "happened": found and {each: len(some) for each, some in found.happened.items()},
            "begins": found and found.begins and write_time(found.begins),
            "waiting": waiting,
        }
        bad = {owner: sums["nonCompliant"] for owner, sums in owners.items()}
        worst = nlargest(DIGEST_OWNERS, filter(bad.get, bad), lambda owner: bad[owner])
        by_owner = ", ".join(f"{owner or 'no owner'}: {bad[owner]:,}" for owner in worst)
        data["owners"] = [{"owner": owner or None, **owners[owner]} for owner in worst]
        texts = [
            f"posture {answer.verdict}" if of_estate else "the accounts of this route's owners",
            "" if answer.fresh or unread else "OUT OF DATE, because no scan has finished in time",
            f"{_SENTENCE.format_map(accounts)} (scan of {_day(status.as_of)})"
            if status.as_of and accounts
            else "",
            f"since {_day(state.since)}: {_words(found, changes)}",
            f"{format_count(waiting, 'change')} waiting, not counted here" if waiting else "",
            f"NOT DELIVERED: the digests due from {_day(missed)} on" if missed else "",
            f"violations by owner: {by_owner}" if worst else "",
            unsummed,
            *(text.removesuffix(".") for _, text in answer.reasons if of_estate),
        ]
        data["text"] = [text for text in texts if text]
        if self.hostname:
            data["statusUrl"] = f"https://{self.hostname}/api/v1/status"
        path = f"/digests/{route.name}"
        change_id = str(uuid5(NAMESPACE_URL, f"{path}/{write_time(until)}"))
        # A digest has the form of a change, but its own type, because it is never in the feed.
        kind = cast("ChangeType", MessageType.DIGEST)
        return Change(change_id, kind, until, path, path, data)

    async def _owners(self, route: Route, status: Status) -> tuple[dict[str, dict[str, int]], str]:
        """Return the counts of each owner of a route's accounts, or why they are not known."""
        owners = defaultdict[str, OwnerGroup](OwnerGroup)
        tables = FindingsTable(self.store), ScanTable(self.store)
        view = SummingView(*tables, key_health=False, most=self.most)
        try:
            async for groups, unread in view.read_groups(status, BY_OWNER):
                for owner, accounts in groups.items():
                    if route.owners is None or (owner or None) in route.owners:
                        owners[owner].merge(accounts, unread=unread)
        except (EarlierBuild, RequestRefused) as error:
            return {}, str(error)
        return {owner: _sums(group.verdicts, group) for owner, group in owners.items()}, ""

    async def _read_period(
        self, route: Route, since: datetime, until: datetime
    ) -> tuple[Period | None, int]:
        """Return the summary of the changes published in a period, and their number.

        A change that was published after the end of a period belongs to the next period. The
        summary is None if the feed has rows of another version, which must not suppress the digest.
        """
        try:
            feed = FeedTable(self.store)
            read, is_whole = await feed.read_since(since, MAX_PERIOD_CHANGES, until)
        except (EarlierBuild, RowTooNew):
            return None, 0
        begins = None if is_whole else min((change.time for change in read), default=until)
        own = [change for change in read if replace(route, alert_on=None).takes(change)]
        return build_period(own, begins), len(own)


def _sums(verdicts: Mapping[Verdict, int], rest: AccountCounts | OwnerGroup) -> dict[str, int]:
    bad, unknown = verdicts[Verdict.NON_COMPLIANT], verdicts[Verdict.UNKNOWN]
    sums = sum(verdicts.values()), bad, unknown, rest.unread, rest.overdue
    return dict(zip(_COUNTS, sums, strict=True))


def _words(summary: Period | None, changes: int) -> str:
    if summary is None:
        return "not known, because another version wrote the feed"
    begins = f", known only from {_day(summary.begins)} on" if summary.begins else ""
    if not changes:
        return f"nothing changed{begins}"
    return f"{summary.text}, {format_count(changes, 'change')} in all{begins}"


def _day(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC"
