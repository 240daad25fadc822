"""Texts that are files of the package: parts by name, and placeholders in them."""

import pytest

from cmk_check.core.text_files import filled

TEXT = """\
#!/bin/bash
# Of the file.

## [first]
## A remark on it.
# Of the script.
one

two

## [second]
  three
"""


def test_a_placeholder_is_a_value_or_another_part() -> None:
    """Parts may hold parts; a value is taken before a part of its name."""
    parts = {"whole": 'a="@inner@" @due@ b@c', "inner": "(@due@)", "due": "never"}

    assert filled(parts, "whole", {}) == 'a="(never)" never b@c'
    assert filled(parts, "whole", {"due": "1"}) == 'a="(1)" 1 b@c'


def test_what_looks_like_a_placeholder_in_a_value_stays() -> None:
    """Values may contain names from Azure, which must not control a script."""
    assert filled({"whole": "@name@", "inner": "rm"}, "whole", {"name": "@inner@"}) == "@inner@"


def test_an_unknown_placeholder_fails() -> None:
    """A script that lacks a part must not be run."""
    with pytest.raises(KeyError, match="nothing"):
        filled({"whole": "@nothing@"}, "whole", {})
