"""``doctor`` run as a process, and its lines taken apart."""

from collections.abc import Mapping

from tests.functional import terminal_kit

type Lines = dict[str, list[tuple[str, str]]]


def lines_of(out: str) -> Lines:
    """Return mark and text of every line, by check."""
    found: Lines = {}
    for line in out.splitlines():
        found.setdefault(line[9:23].strip(), []).append((line[:8].strip(), line[24:]))
    return found


def doctor(environment: Mapping[str, str]) -> tuple[int, Lines]:
    """Run it; return its exit code and its lines."""
    ended = terminal_kit.run("doctor", environment=environment)
    assert ended.err.startswith(("cmk-check: next: ", "cmk-check: fix the problems, "))
    return ended.code, lines_of(ended.out)


def of_mark(mark: str, lines: Lines) -> list[str]:
    """Return the checks that have a line with this mark."""
    return [check for check, said in lines.items() if mark in {each for each, _ in said}]
