"""How a command ends that did not come to its answer: no failure may look like one."""

import pytest

from cmk_check.cli.exit_codes import compute_exit_code
from cmk_check.config.settings_error import SettingsError
from cmk_check.errors import CmkCheckError, NotUsable
from cmk_check.ports import StoreUnavailable

type Output = pytest.CaptureFixture[str]
FAULTS = SettingsError([("CMK_A", "is no number"), ("CMK_B", "is missing")])


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (FAULTS, 2, ["CMK_A is no number.", "CMK_B is missing."]),
        (NotUsable("the disk is full"), 2, ["the disk is full"]),
        (KeyboardInterrupt(), 130, []),
        (StoreUnavailable("it is down"), 3, ["it failed: it is down"]),
        (CmkCheckError("so"), 3, ["it failed: so"]),
        (KeyError("x"), 3, ["it failed because of a bug in this program: KeyError: 'x'"]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_failure_has_a_code_that_is_no_answer_and_says_why(
    capsys: Output, error: BaseException, code: int, said: list[str]
) -> None:
    """Left alone, Python ends with 1, which says that an account is violated."""

    def work() -> int:
        raise error

    assert compute_exit_code(work, "it failed") == code

    written = capsys.readouterr()
    assert (written.out, written.err.splitlines()) == ("", [f"cmk-check: {line}" for line in said])


@pytest.mark.parametrize("kind", [CmkCheckError, ValueError])
def test_p10_a_failure_cannot_steer_the_terminal(capsys: Output, kind: type[Exception]) -> None:
    """What a library complains of may quote a name from Azure."""

    def work() -> int:
        raise kind("\x1b[2Jgreen\nposture: compliant\u202e")

    compute_exit_code(work, "it failed")

    (line,) = capsys.readouterr().err.splitlines()
    assert line.isprintable()
    assert r"\x1b[2Jgreen\nposture: compliant\u202e" in line
