"""What stands beside a verdict in the responses of the HTTP API: facts, key, exception, owner."""

from pydantic import Field

from cmk_check.core.enums import ExceptionReason, KeyReason, KeyRotation, KeySeverity, KeyState
from cmk_check.core.owner import OwnerSource
from cmk_check.web.answer import Answer, Time


class Owner(Answer):
    """The owner of an account, exactly as a tag of the account or of its subscription says."""

    value: str
    source: OwnerSource


class Evidence(Answer):
    """The facts behind a verdict; `keyVersion` is a version, `automatic`, or null without a key.

    `createdAt` is when Azure says that the account was created; null if Azure does not say it.
    """

    key_source: str | None
    key_name: str | None
    key_version: str | None
    key_vault_uri: str | None
    identity_type: str | None
    identity_client_id: str | None
    provisioning_state: str | None
    created_at: Time | None


class ReasonOfKeyHealth(Answer):
    """A reason for the key health, and what to do; a `notice` does not change the state."""

    code: KeyReason
    severity: KeySeverity
    message: str
    evidence: dict[str, str]
    missing_action: str | None


class KeyHealth(Answer):
    """The key of a compliant account; `daysToExpiry` counts from now, negative after expiry.

    Its encryption scopes were read at `scopesAsOf` or later; null if that is not known.
    """

    state: KeyState
    reasons: list[ReasonOfKeyHealth]
    rotation: KeyRotation | None
    expires: Time | None
    days_to_expiry: int | None
    vault_id: str | None
    key_id: str | None
    key_version: str | None
    principal_id: str | None
    scopes_as_of: Time | None


class AccountException(Answer):
    """The exemption that counts most for an account, and whether it is honoured, or why not.

    `id` and the fields of the exemption are null if none could be read; `message` then says why,
    and `missingAction` is the permission that the app lacks.
    """

    id: str | None
    category: str | None
    display_name: str | None
    description: str | None
    ticket: str | None = Field(description="Free text of whoever asked for the exemption.")
    approved_by: str | None = Field(description="Free text of whoever asked for the exemption.")
    created_by: str | None = Field(description="Who created the exemption, by Azure.")
    expires_on: Time | None
    honoured: bool
    reason: ExceptionReason
    message: str
    missing_action: str | None
