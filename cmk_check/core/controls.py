"""The controls of security frameworks that a finding supports; controls.toml names the sources."""

from dataclasses import dataclass
from typing import Final

from cmk_check.core.enums import ControlMapping
from cmk_check.core.text_files import read_toml

CAUTION: Final = (
    "A control usually requires more than a customer-managed key: an account that has one does not "
    "prove that the control is met."
)


@dataclass(frozen=True, slots=True)
class Control:
    """A framework's control; ``initiative`` is the id of Microsoft's initiative that includes it.

    ``version`` is the version of the initiative that was read, or None if it is not known.
    """

    framework: str
    control: str
    mapping: ControlMapping
    initiative: str | None = None
    version: str | None = None


CONTROLS: Final = tuple(
    Control(
        framework, control, ControlMapping(mapping), each.get("initiative"), each.get("version")
    )
    for mapping, frameworks in read_toml(__package__, "controls.toml").items()
    for framework, each in frameworks.items()
    for control in each["controls"]
)
