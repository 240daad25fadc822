"""The aspects beside the verdict in the HTTP API: one account's, the counts, and the filters.

A new aspect adds its model, and a field to ``Sides``, ``SumsOfScan`` and ``AspectFilters``.
"""

from collections.abc import Mapping

from pydantic import AliasChoices, BaseModel, Field

from cmk_check.core.enums import (
    ControlMapping,
    DataReason,
    DataState,
    DueState,
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


class _Concern[C, S](Answer):
    code: C = Field(description="The reason, as in `GET /api/v1/reasons`.")
    severity: S = Field(description="How serious it is.")
    message: str = Field(description="What it means here, and what to do.")
    evidence: dict[str, str] = Field(description="The facts behind it, by name.")
    missing_action: str | None = Field(description="The missing permission, if there is one.")


class ReasonOfKeyHealth(_Concern[KeyReason, KeySeverity]):
    """A reason for the key health, and what to do; a `notice` does not change the state."""


class KeyHealth(Answer):
    """The key of a compliant account."""

    state: KeyState = Field(description="The health; the worst reason decides.")
    reasons: list[ReasonOfKeyHealth] = Field(description="The reasons, the worst first.")
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


class ReasonOfDataStores(_Concern[DataReason, ReasonSeverity]):
    """A reason for the state, and what to do; `info` does not change the state."""


class UseOfDataStore(Answer):
    """What a store is used for."""

    project: str | None = Field(description="Null if the account itself uses it.")
    use: StoreUsage = Field(description="What it keeps in the store.")


class DataStore(Answer):
    """A store that the account or one of its projects names."""

    type: StoreType = Field(description="The type of resource.")
    id: str | None = Field(description="The ARM id, in lower case, if known.")
    name: str = Field(description="The name of the resource.")
    state: StoreState = Field(description="Whose key encrypts it.")
    key: str | None = Field(description="The address of the key; null if Azure does not return it.")
    uses: list[UseOfDataStore] = Field(description="What uses the store, and for what.")
    detail: str | None = Field(description="Why the store could not be read.")


class DataStores(Answer):
    """Where else the account keeps data, and under whose keys."""

    state: DataState = Field(description="Whose keys encrypt the data.")
    reasons: list[ReasonOfDataStores] = Field(
        validation_alias="concerns", description="The reasons, the worst first."
    )
    stores: list[DataStore] = Field(description="The stores, each listed once.")
    basic_projects: list[str] = Field(
        validation_alias=AliasChoices("basicProjects", "basic"),
        description="Projects whose agents lack a store of yours.",
    )
    as_of: Time | None = Field(description="When the projects and connections were read.")


class DataStoreCounts(Answer):
    """Accounts by the state of their data stores."""

    own_keys: int = Field(description="All data is under your keys.")
    microsoft_keys: int = Field(description="A store is under Microsoft's keys.")
    may_be_microsoft_keys: int = Field(description="Agents lack a store of yours.")
    unknown: int = Field(description="Unknown, or never read.")
    none: int = Field(description="The account names no store.")


class AzurePolicy(Answer):
    """How Azure's built-in policy assesses an account by default.

    This is not Azure Policy's own result: an assignment may have other parameters or be disabled.
    """

    state: PolicyState = Field(description="The policy's result with default parameters.")
    reason: PolicyReason = Field(description="How the result compares with our verdict.")


class PolicyCounts(Answer):
    """Accounts that Azure's built-in policy, by default, does not assess or assesses differently.

    Neither count includes accounts whose key source is unknown.
    """

    not_assessed: int = Field(description="The policy does not assess them.")
    differs: int = Field(description="The policy disagrees with us; includes `notAssessed`.")


type Side = KeyHealth | DataStores | None


class Sides(Answer):
    """The aspects beside an account's verdict; null if they do not apply or were not read."""

    key_health: KeyHealth | None = Field(description="Null if not compliant, or never read.")
    data_stores: DataStores | None = Field(description="Null if never read.")
    exception: AccountException | None = Field(description="Null if there is none.")
    azure_policy: AzurePolicy | None = Field(description="Null if unknown.")

    @property
    def sides(self) -> Mapping[str, Side]:
        """The judged aspects, by name."""
        return {"keyHealth": self.key_health, "dataStores": self.data_stores}


class SumsOfScan(Answer):
    """The counts of aspects in every sum of accounts; null if the aspect was never read."""

    data_stores: DataStoreCounts | None = Field(description="Null if none was read.")


class _Keys(Answer):
    keys: Keys | None = Field(description="Null if keys are not read.")


class SumsOfOwner(SumsOfScan, _Keys):
    """The counts of an owner's accounts; ``keys`` is null if keys are not read."""


class Sums(SumsOfOwner):
    """The counts of an estate or a subscription."""

    azure_policy: PolicyCounts | None = Field(description="Null if not counted yet.")

    @property
    def sums(self) -> Mapping[str, Keys | DataStoreCounts | None]:
        """The accounts by state, for each aspect by name."""
        return {"keyHealth": self.keys, "dataStores": self.data_stores}


class AspectFilters(BaseModel):
    """The filters by the state of an aspect, under the name of the aspect."""

    key_health: Omittable[KeyState] = Field(
        None, description="Only accounts with this key health; an unread key matches no state."
    )
    data_stores: Omittable[DataState] = Field(
        None, description="Only accounts with data stores in this state."
    )
    exception: Omittable[ExceptionState] = Field(
        None,
        description="Only accounts with an honoured exception, with an exception that is not "
        "honoured, or without one.",
    )
    due: Omittable[DueState] = Field(
        None, description="Only accounts whose due date has passed, or has not."
    )
    azure_policy: Omittable[PolicyState] = Field(
        None, description="Only accounts with this default result of Azure's built-in policy."
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
