"""Compares a result with an earlier one: which violations are new, and which were fixed.

A violation is old if the earlier result has the same account, or the same document, address and
name, with the same reason. What was not read is neither: then it counts as new once it is read,
now it does not count as fixed.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from cmk_check.cli.console import say
from cmk_check.cli.terminal_rows import INDENT
from cmk_check.core.rule import RULE_VERSION
from cmk_check.core.text import shown
from cmk_check.errors import NotUsable

type Violations = Mapping[tuple[str, str], str]
"""How each violation is printed, by what it is of and its reason."""
type Scope = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Earlier:
    """The JSON of an earlier result in ``file``, and its violations."""

    file: Path
    document: Mapping[str, Any]
    violations: Violations

    def compare(self, now: Violations, is_settled: Callable[[str, str], bool]) -> "Difference":
        """Compare; ``is_settled`` returns whether what is gone was read and is in order."""
        new = [text for key, text in now.items() if key not in self.violations]
        violated = {violated for violated, _ in now}
        fixed = [
            text
            for key, text in self.violations.items()
            if key[0] not in violated and is_settled(*key)
        ]
        return Difference(str(self.file), new, fixed, len(now) - len(new))


@dataclass(frozen=True, slots=True)
class Difference:
    """What is new and what was fixed since a file; ``old`` counts the violations in both."""

    file: str
    new: Sequence[str]
    fixed: Sequence[str]
    old: int

    def show(self, console: Console, limit: int | None, *, quiet: bool = False) -> None:
        """Print the lists, unless ``quiet``, and always the numbers."""
        for word, texts in (("new", self.new), ("fixed", self.fixed)):
            for text in () if quiet else texts[:limit]:
                say(console, f"{word}: {shown(text)}", hanging=INDENT)
            if not quiet and (more := len(texts[:limit])) < len(texts):
                say(console, f"{word}: {len(texts) - more:,} more; --limit 0 shows all")
        line = f"violations: {len(self.new):,} new, {self.old:,} old; {len(self.fixed):,} fixed"
        say(console, f"{line} since {shown(self.file)}", hanging=INDENT)


def scope_of(command: str, **parts: Sequence[str]) -> Scope:
    """Return what two results must have in common to be compared, to be written with a result."""
    return {"command": [command], "rule": [RULE_VERSION]} | {
        name: sorted(part) for name, part in parts.items()
    }


def read_earlier(
    file: Path, scope: Scope, violations: Callable[[Mapping[str, Any]], Violations]
) -> Earlier:
    """Read an earlier result; ``violations`` takes them from its JSON.

    Raises:
        NotUsable: the file is another document, or of another scope, or of named subscriptions.

    """
    where = f"--since {file}"
    try:
        document = json.loads(file.read_bytes())
        found = document["scope"]
        differing = [name for name in {**found, **scope} if found.get(name) != scope.get(name)]
        if found.get("subscriptions"):
            raise NotUsable(f"{where} must be of the whole estate, not of named subscriptions.")
        if differing:
            raise NotUsable(
                f"{where} must be a result with the same {', '.join(differing)}; write it again "
                "with --format json."
            )
        return Earlier(file, document, violations(document))
    except OSError as error:
        raise NotUsable(f"{where} cannot be read ({error.strerror}).") from error
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise NotUsable(
            f"{where} must be a result of the same command, written with --format json by this "
            "version."
        ) from error
