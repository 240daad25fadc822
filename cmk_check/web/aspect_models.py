"""What stands beside a verdict in the HTTP API: of one account, as counts, and in filters.

A further aspect adds its model, and a field to ``Sides``, ``SumsOfScan`` and ``AspectFilters``.
"""

from collections.abc import Mapping

from pydantic import AliasChoices, BaseModel, Field

from cmk_check.core.enums import (
    ControlMapping,
    DataReason,
    DataState,
    ExceptionReason,
    ExceptionState,
    KeyReason,
    KeyRotation,
    KeySeverity,
    KeyState,
    PolicyReason,
    PolicyState,
    ReasonSeverity,
    StoreState,
    StoreType,
    StoreUsage,
)
from cmk_check.core.owner import OwnerSource
from cmk_check.web.json_model import Answer, Omittable, Time


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


class _Concern[C, S](Answer):
    code: C
    severity: S
    message: str
    evidence: dict[str, str]
    missing_action: str | None


class ReasonOfKeyHealth(_Concern[KeyReason, KeySeverity]):
    """A reason for the key health, and what to do; a `notice` does not change the state."""


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
    honoured: bool = Field(validation_alias="is_honoured")
    reason: ExceptionReason
    message: str
    missing_action: str | None


class Keys(Answer):
    """Compliant accounts by key health; `unknown` includes keys that were never read."""

    healthy: int
    at_risk: int
    broken: int
    unknown: int


class ReasonOfDataStores(_Concern[DataReason, ReasonSeverity]):
    """A reason for the state, and what to do; `info` does not change the state."""


class UseOfDataStore(Answer):
    """What a store is used for; `project` is null if the account itself uses it."""

    project: str | None
    use: StoreUsage


class DataStore(Answer):
    """A store that the account or one of its projects names, and under whose key it is.

    `id` is null if what names the store does not say which resource it is, `key` if Azure does not
    name the key. `detail` says why it could not be read.
    """

    type: StoreType
    id: str | None
    name: str
    state: StoreState
    key: str | None
    uses: list[UseOfDataStore]
    detail: str | None


class DataStores(Answer):
    """Where else the account keeps data, and under whose keys; the worst reason comes first.

    `basicProjects` have no store of their own. `asOf` is when projects, capability hosts and
    connections were read, null if the account has none.
    """

    state: DataState
    reasons: list[ReasonOfDataStores] = Field(validation_alias="concerns")
    stores: list[DataStore]
    basic_projects: list[str] = Field(validation_alias=AliasChoices("basicProjects", "basic"))
    as_of: Time | None


class DataStoreCounts(Answer):
    """Accounts by the state of their data stores; `unknown` includes those never looked at."""

    own_keys: int
    microsoft_keys: int
    may_be_microsoft_keys: int
    unknown: int
    none: int


class AzurePolicy(Answer):
    """What Azure's built-in policy says of an account by default; `reason` compares it with ours.

    Nobody asked Azure Policy: an assignment may have other parameters or be switched off.
    """

    state: PolicyState
    reason: PolicyReason


class PolicyCounts(Answer):
    """Accounts of which Azure's built-in policy by default says nothing, or nothing of our verdict.

    `differs` includes `notAssessed`. An account whose key source is not known is in neither.
    """

    not_assessed: int
    differs: int


type Side = KeyHealth | DataStores | None


class Sides(Answer):
    """What stands beside the verdict of an account; null where it does not apply or is unread."""

    key_health: KeyHealth | None
    data_stores: DataStores | None
    exception: AccountException | None
    azure_policy: AzurePolicy | None

    @property
    def sides(self) -> Mapping[str, Side]:
        """What is judged beside the verdict, by the names of the aspects."""
        return {"keyHealth": self.key_health, "dataStores": self.data_stores}


class SumsOfScan(Answer):
    """What every sum of accounts counts; null if it was never looked at."""

    data_stores: DataStoreCounts | None


class _Keys(Answer):
    keys: Keys | None


class SumsOfOwner(SumsOfScan, _Keys):
    """What is counted of an owner's accounts; keys are null if they are not read."""


class Sums(SumsOfOwner):
    """What is counted of an estate and of a subscription."""

    azure_policy: PolicyCounts | None

    @property
    def sums(self) -> Mapping[str, Keys | DataStoreCounts | None]:
        """How many accounts are in which state, by the names of the aspects."""
        return {"keyHealth": self.keys, "dataStores": self.data_stores}


class AspectFilters(BaseModel):
    """The filters by the state of an aspect that has states of its own, under its name."""

    key_health: Omittable[KeyState] = Field(
        None, description="Only accounts whose key health is this."
    )
    data_stores: Omittable[DataState] = Field(
        None, description="Only accounts whose data stores are in this state."
    )
    exception: Omittable[ExceptionState] = Field(
        None,
        description="Only accounts with an honoured exception, with one that is not honoured, or "
        "with none.",
    )
    azure_policy: Omittable[PolicyState] = Field(
        None, description="Only accounts of which Azure's built-in policy says this by default."
    )


class Control(Answer):
    """A control of a framework; `initiative` is the id of Microsoft's initiative that names it.

    `version` is that of the initiative as it was read. Both are null if `mapping` is `by_analogy`.
    """

    framework: str
    control: str
    mapping: ControlMapping
    initiative: str | None
    version: str | None


class Controls(Answer):
    """All controls; `caution` says what a mapping does not show."""

    caution: str
    value: list[Control]
