"""Write a result as JUnit XML, which CI servers show as tests, with one test per account.

The XML follows the schema of Jenkins (tests/unit/cli/junit-10.xsd), which other CI servers also
read.
"""

from collections.abc import Mapping, Sequence
from typing import Final
from xml.etree import ElementTree as ET

from cmk_check.cli.entries import Entry
from cmk_check.core.enums import ReasonSeverity
from cmk_check.core.text import escape_invisible

_FAILURE: Final = "failure"
_ERROR: Final = "error"
_SKIPPED: Final = "skipped"
_ELEMENTS: Final[Mapping[ReasonSeverity, str]] = {
    ReasonSeverity.ERROR: _FAILURE,
    ReasonSeverity.UNKNOWN: _ERROR,
}


def render_junit(entries: Sequence[Entry], timestamp: str | None = None) -> bytes:
    """Write a test for each entry.

    A test fails if its account is non-compliant or its key broken, and has an error if either is
    unknown. A test is skipped if the violation is accepted, or if the account was not read again:
    such a test must not pass. Remarks that do not affect the result, such as a key at risk or a
    kind that the settings leave out, are written to the test's output.
    """
    suite = ET.Element("testsuite", name="cmk_check")
    for entry in entries:
        _add_test(suite, entry)
    root = ET.Element("testsuites")
    root.append(suite)
    tests = list(suite)
    failed = {test for test in tests if test.find(_FAILURE) is not None}
    errors = [test for test in tests if test.find(_ERROR) is not None and test not in failed]
    sums = {"tests": tests, "failures": failed, "errors": errors}
    for element in root, suite:
        element.attrib.update((name, str(len(found))) for name, found in sums.items())
    suite.set(_SKIPPED, str(sum(test.find(_SKIPPED) is not None for test in tests)))
    if timestamp is not None:
        suite.set("timestamp", timestamp)
    ET.indent(root)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _add_test(suite: ET.Element, entry: Entry) -> None:
    """Add a test, which passes if no problem fails it."""
    class_name, name, what = map(escape_invisible, entry.test)
    # Some readers refuse a test without a duration, and no duration was measured.
    test = ET.SubElement(suite, "testcase", classname=class_name, name=name, time="0")
    remarks = []
    for problem in (*entry.problems, *entry.notes):
        message = escape_invisible(problem.message)
        element = _ELEMENTS.get(problem.severity)
        if problem.accepted is not None:
            element, message = _SKIPPED, f"{escape_invisible(problem.accepted)} {message}"
        if element is None:
            remarks.append(f"{problem.code}: {message}")
            continue
        ET.SubElement(test, element, type=problem.code, message=message).text = what
    if (old := entry.old) is not None and not len(test):
        ET.SubElement(test, _SKIPPED, type=old.code, message=old.message).text = what
    if remarks:
        ET.SubElement(test, "system-out").text = "\n".join(remarks)
