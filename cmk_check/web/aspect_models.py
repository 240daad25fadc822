"""What stands beside a verdict in the HTTP API: of one account, as counts, and in filters.

A further aspect adds its model, and a field to ``Sides``, ``SumsOfScan`` and ``AspectFilters``.
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

    value: str = Field(description="Exactly as the tag says, cut at 256 bytes.")
    source: OwnerSource = Field(description="Whether the account or its subscription has the tag.")


class Evidence(Answer):
    """The facts behind a verdict, as Azure says them."""

    key_source: str | None = Field(description="Whose key, in Azure's word.")
    key_name: str | None = Field(description="The key that the account names.")
    key_version: str | None = Field(description="A version, `automatic`, or null without a key.")
    key_vault_uri: str | None = Field(description="The address of the vault or Managed HSM.")
    identity_type: str | None = Field(description="In Azure's word, such as `SystemAssigned`.")
    identity_client_id: str | None = Field(description="The client id of a user-assigned one.")
    provisioning_state: str | None = Field(description="The state of the account, in Azure's word.")
    created_at: Time | None = Field(description="When Azure created the account, if it says so.")


class _Concern[C, S](Answer):
    code: C = Field(description="The reason, as in `GET /api/v1/reasons`.")
    severity: S = Field(description="How bad it is.")
    message: str = Field(description="What it means here, and what to do.")
    evidence: dict[str, str] = Field(description="The facts behind it, by name.")
    missing_action: str | None = Field(description="The permission that is missing, if one is.")


class ReasonOfKeyHealth(_Concern[KeyReason, KeySeverity]):
    """A reason for the key health, and what to do; a `notice` does not change the state."""


class KeyHealth(Answer):
    """The key of a compliant account."""

    state: KeyState = Field(description="The health; the worst reason decides.")
    reasons: list[ReasonOfKeyHealth] = Field(description="The worst first.")
    rotation: KeyRotation | None = Field(description="Whether it follows its key.")
    expires: Time | None = Field(
        description="When the version in use expires; null if it does not, or if that is not known."
    )
    days_to_expiry: int | None = Field(description="Whole days until then; below 0 once expired.")
    vault_id: str | None = Field(description="The ARM id, in lower case, if it was found.")
    key_id: str | None = Field(description="The ARM id, in lower case, if it was found.")
    key_version: str | None = Field(description="The version in use.")
    principal_id: str | None = Field(description="The object id of the identity that uses the key.")
    scopes_as_of: Time | None = Field(
        description="Encryption scopes were read then or later; null if that is not known."
    )
    next_rotation_at: Time | None = Field(
        description="When the policy of the key makes the next version, whether or not the account "
        "follows it. Null if no policy rotates the key, or if the app does not understand it; in "
        "the past if the new version is due."
    )


class AccountException(Answer):
    """The exemption that counts most for an account, and whether it is honoured, or why not."""

    id: str | None = Field(description="The exemption; null if none could be read.")
    category: str | None = Field(description="Azure's category: a waiver, or mitigated.")
    display_name: str | None = Field(description="The name that people gave it.")
    description: str | None = Field(description="Its description.")
    ticket: str | None = Field(description="Free text of whoever asked for the exemption.")
    approved_by: str | None = Field(description="Free text of whoever asked for the exemption.")
    created_by: str | None = Field(description="Who created the exemption, by Azure.")
    expires_on: Time | None = Field(description="When it expires.")
    honoured: bool = Field(validation_alias="is_honoured", description="Whether it counts now.")
    reason: ExceptionReason = Field(description="Why it is honoured, or why not.")
    message: str = Field(description="What the reason means, and what to do.")
    missing_action: str | None = Field(description="The permission that is missing, if one is.")


class Keys(Answer):
    """Compliant accounts by key health."""

    healthy: int = Field(description="Every condition is met.")
    at_risk: int = Field(description="They work today.")
    broken: int = Field(description="They cannot be used.")
    unknown: int = Field(description="Not known, or never read.")


class ReasonOfDataStores(_Concern[DataReason, ReasonSeverity]):
    """A reason for the state, and what to do; `info` does not change the state."""


class UseOfDataStore(Answer):
    """What a store is used for."""

    project: str | None = Field(description="Null if the account itself uses it.")
    use: StoreUsage = Field(description="What it keeps there.")


class DataStore(Answer):
    """A store that the account or one of its projects names."""

    type: StoreType = Field(description="What kind of resource it is.")
    id: str | None = Field(description="The ARM id, in lower case, if it is known.")
    name: str = Field(description="The name of the resource.")
    state: StoreState = Field(description="Under whose key it is.")
    key: str | None = Field(description="The address of the key; null if Azure does not name it.")
    uses: list[UseOfDataStore] = Field(description="What uses the store, and for what.")
    detail: str | None = Field(description="Why it could not be read.")


class DataStores(Answer):
    """Where else the account keeps data, and under whose keys."""

    state: DataState = Field(description="Under whose keys the data is.")
    reasons: list[ReasonOfDataStores] = Field(
        validation_alias="concerns", description="The worst first."
    )
    stores: list[DataStore] = Field(description="Each store once.")
    basic_projects: list[str] = Field(
        validation_alias=AliasChoices("basicProjects", "basic"),
        description="Projects whose agents lack a store of yours.",
    )
    as_of: Time | None = Field(description="When the places were read that name stores.")


class DataStoreCounts(Answer):
    """Accounts by the state of their data stores."""

    own_keys: int = Field(description="All data is under your keys.")
    microsoft_keys: int = Field(description="A store is under Microsoft's keys.")
    may_be_microsoft_keys: int = Field(description="Agents lack a store of yours.")
    unknown: int = Field(description="Not known, or never read.")
    none: int = Field(description="The account names no store.")


class AzurePolicy(Answer):
    """What Azure's built-in policy says of an account by default.

    Nobody asked Azure Policy: an assignment may have other parameters or be switched off.
    """

    state: PolicyState = Field(description="What the policy says by its default parameters.")
    reason: PolicyReason = Field(description="How that compares with our verdict.")


class PolicyCounts(Answer):
    """Accounts of which Azure's built-in policy by default says nothing, or something else.

    An account whose key source is not known is in neither.
    """

    not_assessed: int = Field(description="The policy leaves them out.")
    differs: int = Field(description="It does not agree with us; includes `notAssessed`.")


type Side = KeyHealth | DataStores | None


class Sides(Answer):
    """What stands beside the verdict of an account; null where it does not apply or is unread."""

    key_health: KeyHealth | None = Field(description="Null if not compliant, or never read.")
    data_stores: DataStores | None = Field(description="Null if never read.")
    exception: AccountException | None = Field(description="Null if it has none.")
    azure_policy: AzurePolicy | None = Field(description="Null if not known.")

    @property
    def sides(self) -> Mapping[str, Side]:
        """What is judged beside the verdict, by the names of the aspects."""
        return {"keyHealth": self.key_health, "dataStores": self.data_stores}


class SumsOfScan(Answer):
    """What every sum of accounts counts; null if it was never looked at."""

    data_stores: DataStoreCounts | None = Field(description="Null if none was read.")


class _Keys(Answer):
    keys: Keys | None = Field(description="Null if keys are not read.")


class SumsOfOwner(SumsOfScan, _Keys):
    """What is counted of an owner's accounts; keys are null if they are not read."""


class Sums(SumsOfOwner):
    """What is counted of an estate and of a subscription."""

    azure_policy: PolicyCounts | None = Field(description="Null if not counted yet.")

    @property
    def sums(self) -> Mapping[str, Keys | DataStoreCounts | None]:
        """How many accounts are in which state, by the names of the aspects."""
        return {"keyHealth": self.keys, "dataStores": self.data_stores}


class AspectFilters(BaseModel):
    """The filters by the state of an aspect that has states of its own, under its name."""

    key_health: Omittable[KeyState] = Field(
        None, description="Only accounts whose key health is this; an unread key matches no state."
    )
    data_stores: Omittable[DataState] = Field(
        None, description="Only accounts whose data stores are in this state."
    )
    exception: Omittable[ExceptionState] = Field(
        None,
        description="Only accounts with an honoured exception, with one that is not honoured, or "
        "with none.",
    )
    due: Omittable[DueState] = Field(
        None, description="Only accounts with a due date that has not passed, or that has."
    )
    azure_policy: Omittable[PolicyState] = Field(
        None, description="Only accounts of which Azure's built-in policy says this by default."
    )


class Control(Answer):
    """A control of a framework."""

    framework: str = Field(description="The framework, with its version.")
    control: str = Field(description="The control's name there.")
    mapping: ControlMapping = Field(description="Who maps it.")
    initiative: str | None = Field(
        description="The id of Microsoft's initiative that names it; null if `by_analogy`."
    )
    version: str | None = Field(
        description="The version of the initiative as it was read; null if `by_analogy`."
    )


class Controls(Answer):
    """All controls."""

    caution: str = Field(description="What a mapping does not show.")
    value: list[Control] = Field(description="All controls.")
