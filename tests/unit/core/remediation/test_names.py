"""Names from Azure in a script and in a template: text, whatever they try to be (P10)."""

import re
import subprocess
from pathlib import Path
from typing import Final

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cmk_check.core.remediation.az_script import quote_for_bash, render_az
from cmk_check.core.remediation.bicep import literal
from cmk_check.core.resource_id import AccountId
from tests.fakes.hostile import NAMES
from tests.fakes.remediation import BARE, BASH, Watched, finding_of, planned, template_of

HOSTILE: Final = (
    *(name.replace("/", "_") for name in NAMES if "\x1b" not in name),
    *("'; touch ran; '", '"; touch ran; "', "$(touch ran)", "`touch ran`", "${IFS}", "it's", "'''"),
    *("-rf", "--query=x", "a b  c", "back\\slash\\", "*", "~", "!history", "#comment"),
    *("é\u0301", "\u202eevil", "${resourceGroup().id}", "\\u{41}", "🔑"),
)
ANY: Final = st.text() | st.sampled_from(HOSTILE)


def _in_bash(script: str) -> bytes:
    ended = subprocess.run(
        [BASH],
        input=script.encode(),
        env={"PATH": "/nowhere", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        check=True,
    )
    assert not ended.stderr
    return ended.stdout


@settings(max_examples=50)
@given(st.lists(ANY.filter(lambda text: "\0" not in text), min_size=1, max_size=20))
def test_p10_bash_sees_one_literal_word(texts: list[str]) -> None:
    """Any text, line breaks and control codes too; only NUL cannot be in a word."""
    words = " ".join(map(quote_for_bash, texts))

    out = _in_bash(f"printf '%s\\0' {words}\n")

    assert out == b"".join(text.encode(errors="replace") + b"\0" for text in texts)
    assert words.isprintable()


@settings(max_examples=30)
@given(ANY, ANY)
def test_p10_a_script_differs_by_its_assignments_alone(name: str, group: str) -> None:
    """Nothing else in a script depends on names, and what is assigned is one literal word."""
    account = finding_of().id.text.replace("chat", name).replace("rg-ai", group)
    assume(AccountId.parse(account) is not None)
    script = render_az(planned(finding_of(name=name, group=group)))
    plain = render_az(planned(finding_of()))

    assert len(script.splitlines()) == len(plain.splitlines())
    own = re.compile("^(GROUP|ACCOUNT|VAULT|VAULT_GROUP|KEY)=")
    assert [line for line in script.splitlines() if not own.match(line)] == [
        line for line in plain.splitlines() if not own.match(line)
    ]


@pytest.mark.parametrize("place", ["name", "group"])
def test_p10_a_name_that_az_would_take_for_a_file_stops_the_script(
    tmp_path: Path, place: str
) -> None:
    """Az puts the file's content in its place, and may send it."""
    watched = Watched(tmp_path, BARE)
    script = render_az(planned(finding_of(**{place: "@secrets"})))

    ended = watched.run(script)

    assert (ended.code, ended.calls) == (1, ())
    assert "az would read a file" in ended.err


@given(ANY, ANY)
def test_p10_a_template_differs_by_its_literals_alone(name: str, group: str) -> None:
    """What the compiler makes of one is proved with the compiler."""
    account = finding_of().id.text.replace("chat", name).replace("rg-ai", group)
    assume(AccountId.parse(account) is not None)

    template = template_of(planned(finding_of(name=name, group=group))).splitlines()
    plain = template_of(planned(finding_of())).splitlines()

    own = re.compile("^param (account|vault|key)(Group|Name) string = ")
    assert [line for line in template if not own.match(line)] == [
        line for line in plain if not own.match(line)
    ]
    assert f"param accountName string = {literal(name)}" in template
    assert f"param accountGroup string = {literal(group)}" in template


@given(ANY)
def test_p10_a_bicep_literal_ends_where_it_ends(text: str) -> None:
    """It has no unescaped quote, dollar sign or backslash."""
    inner = literal(text)[1:-1]

    assert inner.isprintable()
    assert re.fullmatch(r"(?:[^\\'$]|\\[\\'$]|\\u\{[0-9a-f]{1,6}\})*", inner)
