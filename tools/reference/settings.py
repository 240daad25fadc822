"""The settings, from the docstrings and checks of their fields."""

import re
from collections.abc import Iterator
from datetime import timedelta

from pydantic.fields import FieldInfo

from cmk_check.config.setting_values import Check
from cmk_check.config.settings import OTHER_SETTINGS, Settings
from tools.reference.documents import code, one_line, table

_UNITS = {"MINUTES": timedelta(minutes=1), "DAYS": timedelta(days=1)}
_TYPES = "cmkcheck."
_LINK = re.compile(r"\]\((?!https?:)(reference/)?")


def settings() -> str:
    """Write a section for each setting, in alphabetical order."""
    return _link_from_reference("\n\n".join(text for _, text in sorted(_sections())))


def platform_variables() -> str:
    """Write the variables that the platform sets."""
    rows = [(code(name), field) for name, field in _fields() if _is_of_the_platform(name)]
    return _link_from_reference(
        table(
            ("variable", "what it says"),
            [(name, one_line(field.description, name)) for name, field in rows],
        )
    )


def _link_from_reference(text: str) -> str:
    """Return a text with its links, which are relative to docs/, as docs/reference needs them."""
    return _LINK.sub(lambda link: "](" if link[1] else "](../", text)


def _fields() -> Iterator[tuple[str, FieldInfo]]:
    return ((str(field.alias), field) for field in Settings.model_fields.values())


def _is_of_the_platform(name: str) -> bool:
    return not name.startswith(("CMK_", "AZURE_"))


def _sections() -> Iterator[tuple[str, str]]:
    yield from ((name, f"### `{name}`\n\n{meaning}") for name, meaning in OTHER_SETTINGS.items())
    for name, field in _fields():
        if not _is_of_the_platform(name):
            allowed = "".join(each.allowed for each in field.metadata if isinstance(each, Check))
            may_be = f" Allowed: {allowed}." if allowed else ""
            meaning = one_line(field.description, name)
            default = _default(name, field)
            yield name, f"### `{name}`\n\n{meaning}\n\nDefault: {default}.{may_be}"


def _default(name: str, field: FieldInfo) -> str:
    """Write a default as the variable has it."""
    value = field.default
    if field.is_required() or value in (None, (), frozenset()):
        return "none"
    if isinstance(value, bool):
        return code("on" if value else "off")
    if isinstance(value, timedelta):
        return code(value // _UNITS[name.rpartition("_")[2]])
    if isinstance(value, frozenset):
        value = sorted(value)
    if isinstance(value, tuple | list):
        return code(",".join(each.removeprefix(_TYPES) for each in value))
    return code(value)
