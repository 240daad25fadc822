"""Properties of every aspect in the catalogue; a new aspect needs only an entry in ``EXAMPLES``."""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, fields, replace
from datetime import timedelta
from itertools import pairwise, permutations, product
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmk_check.alerts.slack_teams_text import format_change
from cmk_check.core.account import Account, Reading, parse_account
from cmk_check.core.aspects import ASPECTS, BY_NAME, judge_alone
from cmk_check.core.aspects.aspect import Aspect, Judged, News, Occasion
from cmk_check.core.aspects.due_dates import DUE
from cmk_check.core.comparison import changes
from cmk_check.core.comparison.compare import compare
from cmk_check.core.comparison.judge_accounts import judge_all
from cmk_check.core.comparison.updates import Difference, Known
from cmk_check.core.counts import AccountCounter, contradiction, merge, summarise
from cmk_check.core.enums import (
    ChangeType,
    CoverageState,
    ExceptionReason,
    KeyReason,
    KeyState,
    Verdict,
)
from cmk_check.core.exceptions.account_exception import AccountException
from cmk_check.core.keys.key_health import KeyHealth, concern
from cmk_check.core.kinds import AZURE_OPENAI
from cmk_check.core.model import AccountCounts, Change, Coverage, DueDate, Finding, Sides
from cmk_check.core.overtaken import LatestChanges
from cmk_check.core.owner import Owner
from cmk_check.core.status import Status, Summary
from cmk_check.scan.aspect_reader import AspectReader
from cmk_check.store import codec
from cmk_check.store.finding_filter import FindingFilter
from cmk_check.web.views import columns
from cmk_check.web.views.finding import to_api_finding
from tests.fakes.world import bad
from tests.unit.core.examples import (
    HOUR,
    ID,
    MAKERS,
    NOON,
    SUBSCRIPTION,
    context,
    known_of,
    only_finding,
    recorded,
)
from tests.unit.core.test_accounts import FULL
from tests.unit.store.rows_kit import entity

PORTAL: Final = "https://portal.azure.com"
# Nobody has looked at anything beside these verdicts.
BARE: Final = {
    Verdict(verdict): only_finding(known_of(make(ID))) for verdict, make in MAKERS.items()
}
GOOD, BAD = BARE[Verdict.COMPLIANT], BARE[Verdict.NON_COMPLIANT]
DISABLED: Final = concern(KeyReason.KEY_DISABLED, {})
END: Final = NOON + timedelta(days=40)
ACCEPTED: Final = AccountException(ExceptionReason.HONOURED, "/e", expires_on=END)
# Of each aspect two states; the first one is counted, by how many accounts have it.
EXAMPLES: Final[dict[str, tuple[Finding, Finding]]] = {
    "keyHealth": (
        replace(GOOD, key_health=KeyHealth(KeyState.BROKEN, (DISABLED,))),
        replace(GOOD, key_health=KeyHealth(KeyState.HEALTHY)),
    ),
    "exception": (
        replace(BAD, exception=ACCEPTED),
        replace(BAD, exception=replace(ACCEPTED, reason=ExceptionReason.EXPIRED)),
    ),
    "due": (
        replace(BAD, due=DueDate(NOON, END, END)),
        replace(BAD, due=DueDate(NOON, END + timedelta(1), END)),
    ),
    "owner": (BAD, replace(BAD, owner=Owner("ai", "account"))),
}
# Of each aspect that needs no further reading, what the documents of its two examples have.
DOCUMENTS: Final[dict[str, tuple[dict[str, object], dict[str, object]]]] = {
    "owner": ({"tags": {}}, {"tags": {"owner": "ai"}})
}
each_aspect: Final = pytest.mark.parametrize("aspect", ASPECTS, ids=lambda it: it.name)


def beside(finding: Finding, example: Finding) -> Finding:
    """Return a finding with what an example has beside its verdict."""
    sides = {each.name: getattr(example, each.name) for each in fields(Sides)}
    bare = BARE[example.judgement.verdict]
    return replace(finding, **{name: it for name, it in sides.items() if it != getattr(bare, name)})


def states() -> Iterator[Finding]:
    """Return an account of each verdict without aspects, and with one that is not as it may be."""
    for bare in BARE.values():
        pairs = [EXAMPLES[each.name] for each in ASPECTS if each.applies(bare.judgement)]
        well = bare
        for _, second in pairs:
            well = beside(well, second)
        yield from (bare, well, *(beside(well, first) for first, _ in pairs))


FINDINGS: Final = list(states())


def counted(findings: Iterable[Finding], gone: Iterable[Finding] = ()) -> AccountCounts:
    """Count findings, and remove some of them from the counts again."""
    counter = AccountCounter()
    gone = list(gone)
    for each in (*findings, *gone):
        counter.add(each)
    for each in gone:
        counter.add(each, -1)
    return counter.counts({}, 0)


def summary_of(accounts: AccountCounts) -> Summary:
    """Sum one subscription."""
    return summarise([Coverage(SUBSCRIPTION, CoverageState.READ, NOON, accounts=accounts)], 0)


def numbers(part: object, path: str = "") -> Iterator[tuple[str, int]]:
    """Return all numbers in counts, each with its place."""
    if isinstance(part, int):
        yield path, part
    elif isinstance(part, dict):
        for name, inner in part.items():
            yield from numbers(inner, f"{path}/{name}")
    elif isinstance(part, list | tuple):
        for place, inner in enumerate(part):
            yield from numbers(inner, f"{path}/{place}")


def read_as(finding: Finding) -> Judged:
    """Return an account as a scan reads it, with the values of a finding."""
    account = replace(bad(ID), kind=finding.kind)
    sides = {field.name: getattr(finding, field.name) for field in fields(Sides)}
    return Judged(account, finding.judgement, **sides)


def documents_of(aspect: Aspect) -> list[Account]:
    """Return the accounts that an aspect judges only from their own documents."""
    entries = ({**FULL, **parts} for parts in DOCUMENTS[aspect.name])
    return list(filter(None, (parse_account(entry, frozenset(), ["owner"]) for entry in entries)))


def news_of(aspect: Aspect) -> Iterator[ChangeType]:
    """Return what an aspect announces between its examples and findings without it."""
    findings = [*EXAMPLES[aspect.name], *BARE.values()]
    times = (NOON, END - timedelta(days=1))
    for now, first, *others in product(times, findings, findings, findings):
        had: Finding | None = None
        for each in (first, *others):
            had, told = aspect.list_news(
                had, each, each, Occasion(now, fix_within=timedelta(days=30))
            )
            yield from (news.type for news in told)
        assert had is not None
        _, told = aspect.list_news(had, had, had, Occasion(now, removed=True))
        yield from (news.type for news in told)


def test_each_has_a_name_of_its_own_and_examples() -> None:
    """Two aspects with one name would be the same in JSON, filters and changes."""
    assert list(EXAMPLES) == [aspect.name for aspect in ASPECTS]


@each_aspect
def test_each_is_read_or_judged_from_the_document_of_the_account(aspect: Aspect) -> None:
    """An aspect that a scan leaves out would look unchecked."""
    if aspect in {DUE, *(reader.aspect for reader in AspectReader.__subclasses__())}:
        return

    judged = [judge_alone(each, None) for each in documents_of(aspect)]

    assert list(map(aspect.describe, judged)) == list(map(aspect.describe, EXAMPLES[aspect.name]))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_p1_of_an_account_that_is_listed_twice_the_worse_counts_in_any_order(name: str) -> None:
    """Azure's order varies: a new order would be announced, and the better entry might count."""
    aspect = BY_NAME[name]
    documents = documents_of(aspect)
    kinds = {kind.lower(): kind for kind in AZURE_OPENAI}
    states = set[str | None]()

    for twice in permutations(documents):
        judged = judge_all(twice, kinds)
        (step,) = compare(Known(), SUBSCRIPTION, Reading(), judged, context()).steps
        assert step.after is not None
        states.add(aspect.state(step.after, NOON))
        for each in documents:
            assert not aspect.is_worse(step.after, judge_alone(each, None))

    assert len(states) == 1


@each_aspect
def test_each_is_shown_in_every_change_of_an_account(aspect: Aspect) -> None:
    """P2: on both sides, with null on a side that was not checked."""
    first, second = EXAMPLES[aspect.name]
    unseen = BARE[Verdict.UNKNOWN]

    for before, after in pairwise((first, second, unseen, first)):
        news = [News(ChangeType.ACCOUNT_UPDATED)]
        (change,) = changes.of_account(news, before, after, SUBSCRIPTION, context())
        sides = [change.data[name] for name in ("before", "after")]
        names = aspect.describe(first) or {}
        for finding, side in zip((before, after), sides, strict=True):
            assert isinstance(side, dict)
            shown = {name: side[name] for name in names}
            assert any(shown.values()) == bool(any((aspect.describe(finding) or {}).values()))
            assert (aspect.describe(finding) or shown) == shown
        assert sides[0] != sides[1]


@each_aspect
def test_each_is_counted_and_merged(aspect: Aspect) -> None:
    """An aspect that the loop leaves out would be zero in every sum."""
    findings = EXAMPLES[aspect.name]
    labels = Counter(label for each in findings if (label := aspect.get_label(each)) is not None)

    counts = counted(findings)
    twice = merge([summary_of(counts)] * 2).accounts

    assert aspect.add_counts(counts, labels) == counts
    assert aspect.add_counts(counts, {}) != counts
    assert dict(numbers(asdict(twice))) == {
        place: 2 * number for place, number in numbers(asdict(counts))
    }


@given(st.lists(st.sampled_from(FINDINGS)), st.lists(st.sampled_from(FINDINGS)))
def test_what_is_counted_once_and_once_less_is_not_counted(
    kept: list[Finding], gone: list[Finding]
) -> None:
    """A recording in parts subtracts each account's old state and adds the new one."""
    assert counted(kept, gone) == counted(kept)


@each_aspect
def test_each_is_counted_beside_its_verdicts_alone(aspect: Aspect) -> None:
    """If a finding contradicts its counts, somebody has edited its row."""
    first, _ = EXAMPLES[aspect.name]

    for verdict in set(Verdict) - aspect.verdicts:
        assert aspect.get_label(replace(first, judgement=BARE[verdict].judgement)) is None


@each_aspect
@pytest.mark.parametrize("wrong", [3, -1], ids=["more than there are", "below zero"])
def test_each_number_that_cannot_be_is_a_contradiction(aspect: Aspect, wrong: int) -> None:
    """P1: in the sum of the estate it would hide violations of other subscriptions."""
    first, _ = EXAMPLES[aspect.name]
    others = [BARE[verdict] for verdict in Verdict if verdict not in aspect.verdicts]
    counts = counted([first, first, *others])
    label = aspect.get_label(first)
    assert label is not None
    labels: dict[Hashable, int] = {label: wrong}
    found = aspect.add_counts(counts, labels)

    is_left_out = wrong < 0 <= min(number for _, number in numbers(asdict(found)))
    assert contradiction(counts) is None
    assert (contradiction(found) is None) == is_left_out
    assert contradiction(aspect.add_counts(counts, {label: 1})) is None
    assert contradiction(aspect.add_counts(counted(others), {label: 1})) is not None


def read(known: Known, *findings: Finding, hour: int = 0) -> Difference:
    """Compare a complete reading of these accounts, so many hours later, by the rows as stored."""
    stored = {name: row_of(each) for name, each in known.findings.items()}
    judged = {str(each.id): read_as(each) for each in findings}
    at = replace(context(NOON + hour * HOUR), fix_within=timedelta(0))
    return compare(replace(known, findings=stored), SUBSCRIPTION, Reading(), judged, at)


def row_of(finding: Finding) -> Finding:
    """Return a finding as its row gives it back."""
    return codec.decode_finding(entity(codec.encode_finding(finding), partition=ID))


def changes_of(difference: Difference) -> list[Change]:
    """Return the changes of the accounts."""
    return [change for step in difference.steps for change in step.changes]


@pytest.mark.parametrize("example", FINDINGS)
def test_each_is_read_back_from_its_row_with_what_was_announced(example: Finding) -> None:
    """An aspect without a column would look unchecked, or be announced again by each scan."""
    (step,) = read(Known(), example).steps

    for finding in (example, step.finding):
        assert row_of(finding) == finding


@pytest.mark.parametrize("example", FINDINGS)
def test_p2_the_same_reading_announces_nothing_the_second_time(example: Finding) -> None:
    """Also if a reading between could not judge the account, unless that ended what was said."""
    first = read(Known(), example)
    again = read(recorded(first), example, hour=1)
    unknown = read(recorded(again), replace(BARE[Verdict.UNKNOWN], due=example.due), hour=2)
    last = read(recorded(unknown), example, hour=3)

    assert changes_of(again) == []
    told, latest = changes_of(first), LatestChanges()
    of_aspects = {kind for aspect in ASPECTS for kind in aspect.changes}
    latest.add(each for each in changes_of(last) if each.type not in of_aspects)
    ended = {each.type for each in told if "overtakenBy" in latest.mark(each).data}
    assert {each.type for each in told} & {each.type for each in changes_of(last)} <= ended


@each_aspect
def test_p2_each_new_state_is_announced_once(aspect: Aspect) -> None:
    """A state that is only recorded is a change that nobody was told of."""
    for one, other in permutations(EXAMPLES[aspect.name]):
        known = recorded(read(Known(), one))
        told = {each.type for each in changes_of(read(known, other, hour=1))}

        assert told or aspect is DUE  # which depends on the time alone
        assert len(told) == 1 or ChangeType.ACCOUNT_UPDATED not in told


def test_p2_an_exception_that_was_announced_ends_with_its_account() -> None:
    """Who keeps a list of exceptions from their changes would keep it for ever."""
    known = recorded(read(Known(), EXAMPLES["exception"][0]))

    told = [each.type for each in changes_of(read(known, hour=1))]

    assert told == [ChangeType.ACCOUNT_REMOVED, ChangeType.EXCEPTION_ENDED]


@each_aspect
def test_each_can_be_filtered_by_the_table_which_leaves_nothing_out(aspect: Aspect) -> None:
    """A state beside another value would hide the account from a filter: such a row is broken."""
    first, second = EXAMPLES[aspect.name]
    for finding in FINDINGS:
        if (state := aspect.state(finding, NOON)) is not None:
            asked = FindingFilter(states={aspect.name: state}, at=NOON)
            assert asked.admits(finding)
            assert asked.equals().items() <= codec.encode_finding(finding).items()
    states = {aspect.state(each, NOON) for each in (first, second)} - {None}
    filters = [FindingFilter(states={aspect.name: str(state)}) for state in states]
    assert any(each.is_compared_by_table for each in filters)

    values = codec.encode_finding(first)
    for state in (aspect.state(second, NOON), None):
        wrong = {name: value for name, value in values.items() if name != aspect.name}
        wrong |= {aspect.name: state} if state else {}
        with suppress(codec.RowUnusable):
            assert aspect.state(codec.decode_finding(entity(wrong)), NOON) in {state, None}


@each_aspect
def test_a_state_of_a_later_version_costs_at_most_itself(aspect: Aspect) -> None:
    """Otherwise an app that was rolled back could not read its rows, or a filter would miss one."""
    example, word = EXAMPLES[aspect.name][0], "of_a_later_version"
    values = {**codec.encode_finding(example), aspect.name: word}

    finding = codec.decode_finding(entity(values))

    state = aspect.state(finding, NOON)
    assert finding.judgement == example.judgement
    is_in_column = state in {word, aspect.state(example, NOON)}
    assert state is None or is_in_column or not aspect.is_in_table(state)


@each_aspect
def test_an_incomplete_reading_can_keep_each_as_it_is_recorded(aspect: Aspect) -> None:
    """P1, P2: it may report only what got worse."""
    first, second = EXAMPLES[aspect.name]
    read = read_as(second)
    kept = aspect.keep_recorded(first, read)

    assert aspect.describe(kept) == aspect.describe(first)


@each_aspect
def test_each_is_recorded_as_it_is_read_and_shown_by_api_and_table(aspect: Aspect) -> None:
    """An aspect that a step leaves out would look unchecked."""
    for example, other in permutations(EXAMPLES[aspect.name]):
        judged = read_as(example)
        # One has nothing in common with it, the other all but this aspect.
        others = [each for each in (BAD, other) if each != example]
        for known in (Known(), *(Known(findings={str(each.id): each}) for each in others)):
            if aspect is DUE:
                break  # no reading has a date
            reading = {str(example.id): judged}
            (step,) = compare(known, SUBSCRIPTION, Reading(), reading, context()).steps
            assert step.after is not None
            assert aspect.describe(step.after) == aspect.describe(judged)
        api = to_api_finding(example, None, Status(), NOON, PORTAL)
        cell = dict(zip(columns.COLUMNS, columns.texts(api, columns.FINDINGS), strict=True))[
            aspect.name
        ]
        assert cell == (aspect.state(example, NOON) or "")
        assert bool(api.model_dump(by_alias=True)[aspect.name]) == bool(cell)


@each_aspect
def test_each_tells_all_that_it_lists_and_nothing_else(aspect: Aspect) -> None:
    """Filters and alert rules know only the listed types."""
    assert set(news_of(aspect)) == set(aspect.changes)


@pytest.mark.parametrize("kind", ChangeType)
def test_each_type_of_change_has_a_title_and_one_origin(kind: ChangeType) -> None:
    """P2: a change without a title could not be announced."""
    origins = sum(kind in aspect.changes for aspect in ASPECTS)
    is_of_an_aspect = kind.split(".")[1] not in {"account", "coverage", "scan"}

    assert format_change(Change("id", kind, NOON, f"/subscriptions/{ID}", "/a", {}), PORTAL).title
    assert is_of_an_aspect <= origins <= 1
