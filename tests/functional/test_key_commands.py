"""The commands that end reasons for a broken key, as Microsoft's az command and bash read them."""

from pathlib import Path

import pytest

from cmk_check.core.remediation.key_commands import key_commands_for
from tests.fakes.broken_keys import BROKEN_KEYS, broken, in_hsm
from tests.fakes.remediation import BARE, Watched
from tests.functional.az_kit import parsed_by_az, skip_without_az
from tests.unit.core.key_examples import NOW

pytestmark = pytest.mark.long

HOSTILE = ("-rf '$(touch ran)` \"${x}", "--query=[ \\ é🔑")


def _as_bash_reads(script: str, folder: Path) -> list[list[str]]:
    """Return the words that az is called with."""
    watched = Watched(folder / str(len(list(folder.iterdir()))), BARE)
    return [list(call) for call in watched.run(script).calls]


def test_every_command_is_one_that_az_can_parse(tmp_path: Path) -> None:
    """A misspelt option would be found by whoever has to mend a key tonight."""
    skip_without_az()
    in_hsms = [in_hsm(BROKEN_KEYS[what]) for what in ("vault gone", "key gone", "key disabled")]
    commands = [
        words
        for health in (*BROKEN_KEYS.values(), *in_hsms)
        for command in key_commands_for(broken(health), NOW)
        for words in _as_bash_reads(command.az, tmp_path)
    ]

    parsed = parsed_by_az(commands, tmp_path)

    wrong = {" ".join(w): p for w, p in zip(commands, parsed, strict=True) if "error" in p}
    assert wrong == {}
    assert {each["command"] for each in parsed} == {
        "cognitiveservices account identity assign",
        "keyvault key recover",
        "keyvault key rotate",
        "keyvault key set-attributes",
        "keyvault recover",
        "keyvault set-policy",
        "role assignment create",
    }


def test_p10_az_takes_a_hostile_name_for_a_value(tmp_path: Path) -> None:
    """A leading dash, quotes and blanks reach the place where az keeps the name."""
    skip_without_az()
    (command,) = key_commands_for(broken(BROKEN_KEYS["no identity"], *HOSTILE), NOW)

    (parsed,) = parsed_by_az(_as_bash_reads(command.az, tmp_path), tmp_path)

    values = parsed["values"]
    assert (values["account_name"], values["resource_group_name"]) == HOSTILE
    assert list(tmp_path.rglob("ran")) == []
