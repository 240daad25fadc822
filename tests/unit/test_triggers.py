"""The bodies of the triggers: the host logs what leaves them, with every cause of it (P6)."""

import traceback

import pytest
from azure.core.exceptions import HttpResponseError

from cmk_check.ports import StoreUnavailable
from cmk_check.triggers import _without_sdk_errors

SECRET = "sig=of-a-shared-access-signature"
SDK_ERROR = HttpResponseError(f"https://account.table.core.windows.net/?{SECRET}")


def test_p6_what_the_sdk_said_is_not_logged_with_our_error() -> None:
    """Its text may hold an address with a signature, or a header with a token."""
    with pytest.raises(StoreUnavailable) as caught, _without_sdk_errors():
        raise StoreUnavailable("The storage does not answer.") from SDK_ERROR

    logged = "".join(traceback.format_exception(caught.value))
    assert "The storage does not answer." in logged
    assert SECRET not in logged


def test_p6_nor_what_it_said_of_several_failures_at_once() -> None:
    """Subscriptions are recorded at once, and the host logs every member of a group."""
    failed = StoreUnavailable("The storage does not answer.")
    failed.__cause__ = SDK_ERROR
    with pytest.raises(StoreUnavailable) as caught, _without_sdk_errors():
        raise ExceptionGroup("at once", [ExceptionGroup("within", [failed])])

    logged = "".join(traceback.format_exception(caught.value))
    assert "The storage does not answer." in logged
    assert SECRET not in logged


def test_a_fault_of_this_program_among_several_failures_keeps_its_traceback() -> None:
    """Another try does not cure it."""
    failed = StoreUnavailable("The storage does not answer.")
    failed.__cause__ = SDK_ERROR
    with pytest.raises(ZeroDivisionError) as fault:
        1 / 0  # noqa: B018 - the fault

    with pytest.raises(ZeroDivisionError) as caught, _without_sdk_errors():
        raise ExceptionGroup("at once", [failed, fault.value])

    logged = "".join(traceback.format_exception(caught.value))
    assert "1 / 0" in logged
    assert SECRET not in logged


def test_an_error_of_no_adapter_keeps_its_traceback() -> None:
    """It is a fault of this program: the log must say where."""
    with pytest.raises(ZeroDivisionError) as caught, _without_sdk_errors():
        1 / 0  # noqa: B018 - the fault

    assert "1 / 0" in "".join(traceback.format_exception(caught.value))
