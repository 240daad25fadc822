"""The words and the bash of steps: whole, and nothing that no step uses."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from cmk_check.core.remediation import steps
from cmk_check.core.remediation.steps import BASH, Action, step
from cmk_check.core.text_files import toml_of

WORDS: Final = toml_of(steps.__package__, "steps.toml")
AROUND: Final = {"head", "key_head", "functions", "no_files"}


def _tables() -> Iterator[tuple[Action, Mapping[str, bool], Mapping[str, str]]]:
    """Yield the table of each step, and that of each of its variants."""
    for name, words in WORDS.items():
        yield Action(name), {}, words
        for variant, changed in words.items():
            if isinstance(changed, dict):
                yield Action(name), {variant: True}, changed


def test_every_step_and_each_variant_has_words_and_bash() -> None:
    """A misspelt name is found here, and not by the first plan that needs it."""
    assert list(WORDS) == list(Action)
    for action, variants, _ in _tables():
        made = step(action, due="1", **variants)
        assert made.title
        assert made.why
        assert made.commands.strip()


def test_every_part_of_the_bash_is_used() -> None:
    """A part that is in no script would still be read and kept up."""
    named = [words["bash"] for _, _, words in _tables() if "bash" in words]
    placed = re.findall(r"@(\w+)@", " ".join(BASH.values()))

    assert BASH.keys() - AROUND == {*Action, *named, *placed} - {"due"}
