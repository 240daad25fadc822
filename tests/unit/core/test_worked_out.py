"""What is asked of Bicep's engine, and what is read in its answer."""

from cmk_check.core.planned.worked_out import named_inputs


def test_a_value_that_looks_like_an_input_is_left_as_it_is() -> None:
    """Its author is whoever opens the pull request, and must not end the command."""
    snapshot = "externalInputs('cmk_check_0') externalInputs('cmk_check_7')"

    named = named_inputs(snapshot, ["keyUri"])

    assert named == "parameters('keyUri') externalInputs('cmk_check_7')"
