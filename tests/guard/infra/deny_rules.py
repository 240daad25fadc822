"""Rules of Azure Policy that refuse resources, and what they say of predicted ones.

``deny_rules.toml`` has the rules and describes their form.
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.guard.infra.bicep_kit import INFRA, Bicep, Json
from tests.guard.infra.expressions import worked_out

TABLE: Final = tomllib.loads(Path(__file__).with_name("deny_rules.toml").read_text())
SETS: Final[dict[str, str]] = TABLE["sets"]


class Condition(NamedTuple):
    """One condition: what a resource has at a path, compared with a value."""

    path: str
    word: str
    value: str

    @classmethod
    def read(cls, text: str) -> "Condition":
        """Read ``path word value`` or ``path word``."""
        path, word, *value = text.split(maxsplit=2)
        return cls(path, word, "".join(value))

    def holds(self, resource: Json) -> bool:
        """Return whether one of the values at the path is so. As in Azure, case does not count."""
        return any(self._is(found) for found in values(resource, self.path.split(".")))

    def _is(self, found: Any) -> bool:  # noqa: ANN401 - it is JSON
        text, value = str(found).casefold(), self.value.casefold()
        match self.word:
            case "present" | "absent":
                return (found is None) == (self.word == "absent")
            case "=" | "!=":
                return (found is not None and text == value) == (self.word == "=")
            case "in" | "not-in":
                return (found is not None and text in value.split(",")) == (self.word == "in")
            case "contains" | "lacks":
                return (found is not None and value in text) == (self.word == "contains")
            case "<" | ">=":
                first = re.match(r"\d+", text)
                return first is not None and (int(first[0]) < int(value)) == (self.word == "<")
        raise ValueError(f"{self.word} is unknown: {self}")


class Rule(NamedTuple):
    """One row of the table."""

    id: str
    name: str
    effect: str
    set: str
    type: str
    only_if: list[Condition]
    refused_if: list[Condition]
    needs: list[str]
    unmet: dict[str, str]

    @classmethod
    def read(cls, row: dict[str, Any]) -> "Rule":
        """Read a row; a list that is left out is empty.

        Raises:
            TypeError: the row has a key that no rule has, or lacks one.

        """
        reasons = row.get("unmet", {})
        unmet = {name: why for names, why in reasons.items() for name in names.split(", ")}
        listed = {key: row.get(key, []) for key in ("only_if", "refused_if", "needs")}
        for key in ("only_if", "refused_if"):
            listed[key] = [Condition.read(text) for text in listed[key]]
        return cls(**row | listed | {"unmet": unmet})

    def reads(self, resource: Json) -> bool:
        """Return whether the rule looks at this resource."""
        types = self.type.casefold().split(", ")
        is_of_type = self.type == "*" or resource["type"].casefold() in types
        return is_of_type and all(condition.holds(resource) for condition in self.only_if)

    def refuses(self, resource: Json, others: list[Json]) -> bool:
        """Return whether the rule refuses a resource that it reads, deployed with the others."""
        if any(condition.holds(resource) for condition in self.refused_if):
            return True
        needs = [Condition.read(text.replace("{id}", resource["id"])) for text in self.needs]
        return bool(needs) and not any(
            all(condition.holds(other) for condition in needs) for other in others
        )

    def refused(self, resources: list[Json]) -> list[str]:
        """Return the names of the resources that the rule refuses."""
        return [
            f"{one['type']} {one['name']}"
            for one in resources
            if self.reads(one) and self.refuses(one, resources)
        ]


RULES: Final = [Rule.read(row) for row in TABLE["rule"]]


def values(found: Any, path: list[str]) -> Iterator[Any]:  # noqa: ANN401 - it is JSON
    """Yield what is at a path: None if it is unset, and nothing if it is in an empty list."""
    if not path:
        yield found
        return
    key, *rest = path
    inner = found.get(key.removesuffix("[*]")) if isinstance(found, dict) else None
    if not key.endswith("[*]"):
        yield from values(inner, rest)
    else:
        for item in inner or []:
            yield from values(item, rest)


def created_by(compiler: Bicep, path: str) -> list[Json]:
    """Return what a deployment with this parameter file would create, in the public cloud."""
    in_group = "using 'group.bicep'" in (INFRA / path).read_text()
    found = compiler.snapshot(path, resource_group="rg-example" if in_group else None)
    resources: list[Json] = worked_out(found)
    return resources
