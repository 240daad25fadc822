"""The aspects of an account in the HTTP API: its values, the counts, and the filters.

A new aspect needs a model, and a field in ``Sides``, ``Accounts`` and ``AspectFilters``.
"""

from datetime import datetime, timedelta

from pydantic import BaseModel, Field

from cmk_check.core.aspects.key_health import KEY_HEALTH
from cmk_check.core.enums import (
    ControlMapping,
    DueState,
    ExceptionReason,
    ExceptionState,
    KeyReason,
    KeyRotation,
    KeySeverity,
    KeyState,
)
from cmk_check.core.exceptions.account_exception import count_honoured
from cmk_check.core.keys import key_health
from cmk_check.core.model import AccountCounts, Finding
from cmk_check.core.owner import OwnerSource
from cmk_check.web.json_model import Answer, Omittable, Time


class Owner(Answer):
    """The owner of an account."""

    value: str = Field(description="The owner exactly as tagged, cut off at 256 bytes.")
    source: OwnerSource = Field(description="Whether the account or the subscription has the tag.")


class Evidence(Answer):
    """The facts behind a verdict, as Azure returns them."""

    key_source: str | None = Field(description="The key source, such as `Microsoft.KeyVault`.")
    key_name: str | None = Field(description="The name of the account's key.")
    key_version: str | None = Field(
        description="The key version to which the account is pinned, or `automatic`; null without "
        "a key."
    )
    key_vault_uri: str | None = Field(description="The address of the key's vault or Managed HSM.")
    identity_type: str | None = Field(description="The type of identity, such as `SystemAssigned`.")
    identity_client_id: str | None = Field(description="The client id of a user-assigned identity.")
    provisioning_state: str | None = Field(description="The account's provisioning state.")
    created_at: Time | None = Field(description="When the account was created, if that is known.")


class ReasonOfKeyHealth(Answer):
    """A reason for the key health, and what to do; a `notice` does not change the state."""

    code: KeyReason = Field(description="The reason's code; `GET /api/v1/reasons` explains it.")
    severity: KeySeverity = Field(description="How serious the reason is.")
    message: str = Field(description="An explanation of the reason, and what to do.")
    evidence: dict[str, str] = Field(description="The facts behind the reason, by name.")
    missing_action: str | None = Field(description="The permission that the app lacks, if any.")


class KeyHealth(Answer):
    """The key of a compliant account."""

    state: KeyState = Field(description="The key's health, which the worst reason determines.")
    reasons: list[ReasonOfKeyHealth] = Field(description="The reasons for the state, worst first.")
    rotation: KeyRotation | None = Field(
        description="Whether the account automatically uses new versions of its key."
    )
    expires: Time | None = Field(
        description="When the key version in use expires; null if never, or if unknown."
    )
    days_to_expiry: int | None = Field(
        description="The number of whole days until the key expires; negative if it has expired."
    )
    vault_id: str | None = Field(description="The vault's ARM id in lower case, if it was found.")
    key_id: str | None = Field(description="The key's ARM id in lower case, if it was found.")
    key_version: str | None = Field(description="The key version in use.")
    principal_id: str | None = Field(description="The object id of the identity that uses the key.")
    next_rotation_at: Time | None = Field(
        description="When the key's policy creates the next version, even if the account will not "
        "use it. Null if no policy rotates the key, or if the app cannot interpret the policy; in "
        "the past if the new version is due."
    )


class AccountException(Answer):
    """The exemption that decides for an account, and why it is honoured or not."""

    id: str | None = Field(description="The exemption's id; null if no exemption could be read.")
    category: str | None = Field(description="The exemption's category: `Waiver` or `Mitigated`.")
    display_name: str | None = Field(description="The exemption's display name.")
    description: str | None = Field(description="The exemption's description.")
    ticket: str | None = Field(description="The ticket, as the requester wrote it.")
    approved_by: str | None = Field(description="The approver, as the requester wrote it.")
    created_by: str | None = Field(description="Who created the exemption, according to Azure.")
    expires_on: Time | None = Field(description="When the exemption expires.")
    honoured: bool = Field(
        validation_alias="is_honoured",
        description="Whether the exemption accepts the violation now.",
    )
    reason: ExceptionReason = Field(description="Why the exemption is honoured, or why not.")
    message: str = Field(description="An explanation of the reason, and what to do.")
    missing_action: str | None = Field(description="The permission that the app lacks, if any.")


class Keys(Answer):
    """Compliant accounts by key health."""

    healthy: int = Field(description="Accounts with a key that meets every condition.")
    at_risk: int = Field(description="Accounts with a key that works today but may stop working.")
    broken: int = Field(description="Accounts with a key that cannot be used.")
    unknown: int = Field(
        description="Accounts with a key that was never read or has unknown health."
    )


class CountsOfKind(Answer):
    """Accounts of one kind by verdict."""

    compliant: int = Field(description="Accounts judged compliant.")
    non_compliant: int = Field(description="Accounts judged non-compliant.")
    unknown: int = Field(description="Accounts that could not be judged.")


class Accounts(Answer):
    """Accounts in scope by verdict."""

    total: int = Field(description="All accounts in scope.")
    compliant: int = Field(description="Accounts judged compliant.")
    non_compliant: int = Field(description="Accounts judged non-compliant.")
    unknown: int = Field(description="Accounts that could not be judged.")
    unread: int = Field(description="Accounts not read by the last scan, counted by last verdict.")
    excepted: int = Field(description="Non-compliant accounts with an honoured exception.")
    overdue: int = Field(description="Accounts that were past their due date at the last scan.")
    by_kind: dict[str, CountsOfKind] = Field(description="For each kind, its accounts by verdict.")
    ignored_by_kind: dict[str, int] = Field(
        description="Accounts of other kinds: up to 50 kinds by name, the rest as `other`."
    )


class Sides(Answer):
    """The aspects beside an account's verdict; null if they do not apply or were not read."""

    key_health: KeyHealth | None = Field(
        description="Null if the account is not compliant or its key was never read."
    )
    exception: AccountException | None = Field(description="Null if the account has no exemption.")


class Sums(Answer):
    """The counts of an estate, a subscription or an owner."""

    keys: Keys | None = Field(description="Accounts by key health; null if keys are not read.")


class AspectFilters(BaseModel):
    """The filters by the state of an aspect, under the name of the aspect."""

    key_health: Omittable[KeyState] = Field(
        None, description="Return only accounts with this key health; unread keys never match."
    )
    exception: Omittable[ExceptionState] = Field(
        None,
        description="Return only accounts with an honoured exception, with an exception that is "
        "not honoured, or without an exception.",
    )
    due: Omittable[DueState] = Field(
        None,
        description="Return only accounts that are overdue, or only those that are not yet due.",
    )


class Control(Answer):
    """A control of a framework."""

    framework: str = Field(description="The name and version of the framework.")
    control: str = Field(description="The name of the control in the framework.")
    mapping: ControlMapping = Field(description="Who maps the finding to the control.")
    initiative: str | None = Field(
        description="The id of Microsoft's initiative with the mapping; null if `by_analogy`."
    )
    version: str | None = Field(description="The version of the initiative; null if `by_analogy`.")


class Controls(Answer):
    """All controls."""

    caution: str = Field(description="What the mapping to a control does not prove.")
    value: list[Control] = Field(description="All controls.")


def to_api_accounts(accounts: AccountCounts, now: datetime) -> Accounts:
    """Return the counts by verdict; expired exceptions are not counted."""
    return Accounts.of(accounts, excepted=count_honoured(accounts.excepted, now))


def to_api_keys(accounts: AccountCounts) -> Keys:
    """Return the counts by key health; a key that was never read counts as unknown."""
    return Keys.model_validate(KEY_HEALTH.get_all_sums(accounts))


def to_api_sides(finding: Finding, now: datetime) -> dict[str, object]:
    """Return the fields of ``Sides``; an honoured exception ends at its expiry."""
    return {
        "key_health": _key_health(finding.key_health, now),
        "exception": finding.exception.at(now) if finding.exception else None,
    }


def _key_health(health: key_health.KeyHealth | None, now: datetime) -> KeyHealth | None:
    """Return the health of a key; days to expiry are rounded down to whole days."""
    if health is None:
        return None
    left = health.expires and (health.expires - now) // timedelta(days=1)
    return KeyHealth.of(health, reasons=health.concerns, days_to_expiry=left)
