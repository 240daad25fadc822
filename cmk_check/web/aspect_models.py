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

    value: str = Field(description="Exactly as tagged, cut at 256 bytes.")
    source: OwnerSource = Field(description="Whether the account or its subscription has the tag.")


class Evidence(Answer):
    """The facts behind a verdict, as Azure returns them."""

    key_source: str | None = Field(description="Whose key it is, such as `Microsoft.KeyVault`.")
    key_name: str | None = Field(description="The name of the account's key.")
    key_version: str | None = Field(description="A version, `automatic`, or null without a key.")
    key_vault_uri: str | None = Field(description="The address of the vault or Managed HSM.")
    identity_type: str | None = Field(description="Azure's type, such as `SystemAssigned`.")
    identity_client_id: str | None = Field(description="The client id of a user-assigned identity.")
    provisioning_state: str | None = Field(description="The account's provisioning state.")
    created_at: Time | None = Field(description="When the account was created, if Azure knows.")


class ReasonOfKeyHealth(Answer):
    """A reason for the key health, and what to do; a `notice` does not change the state."""

    code: KeyReason = Field(description="The reason, as in `GET /api/v1/reasons`.")
    severity: KeySeverity = Field(description="How serious it is.")
    message: str = Field(description="What it means here, and what to do.")
    evidence: dict[str, str] = Field(description="The facts behind it, by name.")
    missing_action: str | None = Field(description="The missing permission, if there is one.")


class KeyHealth(Answer):
    """The key of a compliant account."""

    state: KeyState = Field(description="The health; the worst reason decides.")
    reasons: list[ReasonOfKeyHealth] = Field(description="The reasons, worst first.")
    rotation: KeyRotation | None = Field(description="Whether the account follows new versions.")
    expires: Time | None = Field(
        description="When the version in use expires; null if never, or if unknown."
    )
    days_to_expiry: int | None = Field(description="Whole days to the expiry; negative after it.")
    vault_id: str | None = Field(description="The vault's ARM id, in lower case, if found.")
    key_id: str | None = Field(description="The key's ARM id, in lower case, if found.")
    key_version: str | None = Field(description="The version in use.")
    principal_id: str | None = Field(description="The object id of the identity that uses the key.")
    next_rotation_at: Time | None = Field(
        description="When the key's policy creates the next version, whether or not the account "
        "follows it. Null if no policy rotates the key, or if the app cannot interpret the policy; "
        "in the past if the new version is due."
    )


class AccountException(Answer):
    """The exemption that decides for an account, and why it is honoured or not."""

    id: str | None = Field(description="The exemption's id; null if none could be read.")
    category: str | None = Field(description="Azure's category: `Waiver` or `Mitigated`.")
    display_name: str | None = Field(description="Its display name.")
    description: str | None = Field(description="Its description.")
    ticket: str | None = Field(description="The ticket, as the requester wrote it.")
    approved_by: str | None = Field(description="The approver, as the requester wrote it.")
    created_by: str | None = Field(description="Who created the exemption, according to Azure.")
    expires_on: Time | None = Field(description="When it expires.")
    honoured: bool = Field(validation_alias="is_honoured", description="Whether it counts now.")
    reason: ExceptionReason = Field(description="Why it is honoured, or why not.")
    message: str = Field(description="What the reason means, and what to do.")
    missing_action: str | None = Field(description="The missing permission, if there is one.")


class Keys(Answer):
    """Compliant accounts by key health."""

    healthy: int = Field(description="Every condition is met.")
    at_risk: int = Field(description="The key works today but may stop working.")
    broken: int = Field(description="The key cannot be used.")
    unknown: int = Field(description="Unknown, or never read.")


class CountsOfKind(Answer):
    """Accounts of one kind by verdict."""

    compliant: int = Field(description="Judged compliant.")
    non_compliant: int = Field(description="Judged non-compliant.")
    unknown: int = Field(description="Could not be judged.")


class Accounts(Answer):
    """Accounts in scope by verdict."""

    total: int = Field(description="All accounts in scope.")
    compliant: int = Field(description="Judged compliant.")
    non_compliant: int = Field(description="Judged non-compliant.")
    unknown: int = Field(description="Could not be judged.")
    unread: int = Field(description="Not read by the last scan; the last known verdict counts.")
    excepted: int = Field(description="Non-compliant, with an exception that is honoured now.")
    overdue: int = Field(description="Past the due date at the last scan.")
    by_kind: dict[str, CountsOfKind] = Field(description="The counts by verdict for each kind.")
    ignored_by_kind: dict[str, int] = Field(
        description="Accounts of kinds out of scope: up to 50 kinds by name, the rest as `other`."
    )


class Sides(Answer):
    """The aspects beside an account's verdict; null if they do not apply or were not read."""

    key_health: KeyHealth | None = Field(description="Null if not compliant, or never read.")
    exception: AccountException | None = Field(description="Null if there is none.")


class Sums(Answer):
    """The counts of an estate, a subscription or an owner."""

    keys: Keys | None = Field(description="Null if keys are not read.")


class AspectFilters(BaseModel):
    """The filters by the state of an aspect, under the name of the aspect."""

    key_health: Omittable[KeyState] = Field(
        None, description="Only accounts with this key health; an unread key matches no state."
    )
    exception: Omittable[ExceptionState] = Field(
        None,
        description="Only accounts with an honoured exception, with an exception that is not "
        "honoured, or without one.",
    )
    due: Omittable[DueState] = Field(
        None, description="Only accounts whose due date has passed, or has not."
    )


class Control(Answer):
    """A control of a framework."""

    framework: str = Field(description="The framework, with its version.")
    control: str = Field(description="The control's name in the framework.")
    mapping: ControlMapping = Field(description="Who maps the finding to the control.")
    initiative: str | None = Field(
        description="The id of Microsoft's initiative with the mapping; null if `by_analogy`."
    )
    version: str | None = Field(description="The version of that initiative; null if `by_analogy`.")


class Controls(Answer):
    """All controls."""

    caution: str = Field(description="What a mapping does not show.")
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
