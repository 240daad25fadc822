"""Judge which exemption applies to an account, and whether this exemption is honoured.

An exemption applies only if every part of it is clear and matches. An exemption is honoured for a
limited time, and only if the subscription's owner does not control the policy assignment.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from cmk_check.core.account import Account
from cmk_check.core.enums import ExceptionReason
from cmk_check.core.exceptions.account_exception import AccountException
from cmk_check.core.exceptions.facts import (
    MANAGEMENT_GROUP,
    Assignment,
    Exemption,
    ExemptionFacts,
    NotAsked,
    ResourceSelectors,
    Selector,
    SetDefinition,
    is_set,
)
from cmk_check.core.gap import Gap
from cmk_check.core.reasons.gap_sentences import EXEMPTION_NOT_READ
from cmk_check.core.recorded_scope import EXCEPTION_SETTINGS
from cmk_check.core.resource_id import ACCOUNT_TYPE, account_path
from cmk_check.core.text import fold_id
from cmk_check.core.unread import Unread
from cmk_check.limits import DEFAULT_EXCEPTION_DAYS

CMK_POLICY: Final = (
    "/providers/microsoft.authorization/policydefinitions/67121cc7-ff39-4ab8-b7e3-95b84dab487d"
)
"""The built-in policy "Azure AI Services resources should encrypt data at rest with a
customer-managed key (CMK)"."""
OWN_POLICY: Final = "/providers/microsoft.authorization/policydefinitions/cmk-check-customer-keys"
"""The end of the id of our own definition, which ``infra/policy`` creates at a management group or
in a subscription. The conditions for honouring its exemptions equal those of the built-in one."""
_NEVER: Final = datetime.max.replace(tzinfo=UTC)
_UNREAD: Final = Unread(EXEMPTION_NOT_READ)
_NONE_READ: Final = AccountException(ExceptionReason.EXEMPTION_UNREAD)


@dataclass(frozen=True, slots=True)
class ExceptionRules:
    """The settings for exceptions; ``policies`` and ``assignments`` contain lower-cased ids."""

    longest: timedelta = timedelta(days=DEFAULT_EXCEPTION_DAYS)
    policies: frozenset[str] = frozenset()
    assignments: frozenset[str] = frozenset()

    def list_for_scope(self) -> list[str]:
        """Return the rules as ``SETTING=value`` texts, which the scope of a scan records."""
        values = ([str(self.longest.days)], self.policies, self.assignments)
        return [
            f"{name}={value}"
            for name, several in zip(EXCEPTION_SETTINGS, values, strict=True)
            for value in several
        ]


def contains(scope: str, path: str) -> bool:
    """Return whether ``path`` is in a scope; return False if the scope is a management group."""
    return f"{path}/".startswith(f"{scope}/")


def is_management_group(scope: str) -> bool:
    """Return whether a scope is a management group."""
    return scope.startswith(MANAGEMENT_GROUP)


def exempts(exemption: Exemption, path: str) -> bool:
    """Return whether the scope of a listed exemption contains the account at ``path``.

    In a subscription's list, every management group with an exemption is above the subscription.
    """
    return is_management_group(exemption.scope) or contains(exemption.scope, path)


def unread_exception(gap: Gap, recorded: AccountException = _NONE_READ) -> AccountException:
    """Return an account's exception if its exemptions, or facts about ``recorded``, are unread."""
    reason = ExceptionReason.EXEMPTION_UNREAD
    return replace(recorded, reason=reason, missing_action=gap.missing_action, detail=gap.detail)


def find_exception(
    account: Account, facts: ExemptionFacts, rules: ExceptionRules, now: datetime
) -> AccountException | None:
    """Return the exception of a non-compliant account, or None if no exemption applies.

    If several exemptions apply, an honoured one is preferred, and then the one that expires last.
    """
    if isinstance(facts.exemptions, Unread):
        return unread_exception(facts.exemptions.gap)
    if isinstance(facts.exemptions, NotAsked):
        return None
    judge = _Judge(account, facts, rules, now)
    candidates = [each for each in map(judge.judge, facts.exemptions) if each is not None]
    return min(candidates, key=_order, default=None)


def _order(exception: AccountException) -> tuple[bool, timedelta, str]:
    left = _NEVER - (exception.expires_on or _NEVER)
    return not exception.is_honoured, left, exception.id or ""


@dataclass(frozen=True, slots=True)
class _Judge:
    """Judges exemptions for one account."""

    account: Account
    facts: ExemptionFacts
    rules: ExceptionRules
    now: datetime

    def judge(self, exemption: Exemption) -> AccountException | None:
        """Return the exception from an ``exemption``, or None if this exemption does not apply."""
        if not exempts(exemption, account_path(self.account.id)):
            return None
        own = self._judge_exemption(exemption)
        applies = self._applies(exemption)
        if isinstance(applies, Unread):
            # An exemption that would not be honoured anyway needs no access right.
            is_wanted = own is ExceptionReason.HONOURED
            return unread_exception(applies.gap, exemption.shown) if is_wanted else None
        if applies is False:
            return None
        return replace(exemption.shown, reason=own if applies is True else applies)

    def _judge_exemption(self, exemption: Exemption) -> ExceptionReason:
        """Return why an exemption that applies is honoured or not honoured."""
        expires_on = exemption.shown.expires_on
        if expires_on is None:
            return ExceptionReason.NO_EXPIRY
        if expires_on <= self.now:
            return ExceptionReason.EXPIRED
        if expires_on - self.now > self.rules.longest:
            return ExceptionReason.EXPIRES_TOO_LATE
        is_trusted = exemption.assignment_id in self.rules.assignments
        if is_trusted or is_management_group(exemption.assignment_id):
            return ExceptionReason.HONOURED
        return ExceptionReason.ASSIGNMENT_NOT_TRUSTED

    def _applies(self, exemption: Exemption) -> ExceptionReason | Unread | bool:
        """Return whether an exemption covers the rule's policy, or why this is unclear."""
        if exemption.is_malformed:
            return ExceptionReason.MALFORMED_EXEMPTION
        assignment = self.facts.assignments.get(exemption.assignment_id, _UNREAD)
        if not isinstance(assignment, Assignment):
            return assignment if isinstance(assignment, Unread) else False
        ours = self._is_ours(assignment, exemption.reference_ids)
        if ours is not True:
            return ours
        return self._reaches(assignment, exemption)

    def _is_ours(
        self, assignment: Assignment, references: frozenset[str]
    ) -> ExceptionReason | Unread | bool:
        if not is_set(assignment.definition_id):
            return self._is_our_policy(assignment.definition_id)
        initiative = self.facts.sets.get(assignment.definition_id, _UNREAD)
        if not isinstance(initiative, SetDefinition):
            return initiative if isinstance(initiative, Unread) else False
        names = {name for name, policy in initiative.policies if self._is_our_policy(policy)}
        return bool(names & references if references else names)

    def _is_our_policy(self, definition_id: str) -> bool:
        is_known = definition_id == CMK_POLICY or definition_id.endswith(OWN_POLICY)
        return is_known or definition_id in self.rules.policies

    def _reaches(self, assignment: Assignment, exemption: Exemption) -> ExceptionReason | bool:
        path = account_path(self.account.id)
        if not is_management_group(assignment.scope) and not contains(assignment.scope, path):
            return False
        if any(contains(scope, path) for scope in assignment.not_scopes):
            return False
        parts = exemption.selectors, assignment.selectors
        selected = [_do_selectors_match(selectors, self.account) for selectors in parts]
        if False in selected:
            return False
        # Only Azure knows whether a management group is above the account.
        if is_management_group(assignment.scope) and not exemption.is_validated:
            return ExceptionReason.SCOPE_NOT_VALIDATED
        if any(map(is_management_group, assignment.not_scopes)):
            return ExceptionReason.NOT_SCOPES_UNCLEAR
        return ExceptionReason.SELECTORS_UNCLEAR if None in selected else True


def _do_selectors_match(selectors: ResourceSelectors, account: Account) -> bool | None:
    """Return whether resource selectors select an account, or None if this is unclear."""
    if selectors is None:
        return None
    # A group selects the account if all of its selectors hold.
    groups = [{_holds(each, account) for each in group} for group in selectors]
    if not groups or any(group <= {True} for group in groups):
        return True
    return None if any(False not in group for group in groups) else False


def _holds(selector: Selector, account: Account) -> bool | None:
    match selector.kind:
        case "resourcetype":
            value = ACCOUNT_TYPE
        case "resourcelocation" if account.location:
            value = fold_id(account.location).replace(" ", "")
        case _:
            return None
    return (value in selector.values) is not selector.negated
