"""The response models of Azure Policy and of the controls that findings answer."""

from cmk_check.core.enums import ControlMapping, PolicyReason, PolicyState
from cmk_check.web.answer import Answer


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
