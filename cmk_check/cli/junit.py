"""The result of a scan as JUnit XML, which CI servers show as tests: one per account.

It follows the schema of Jenkins (tests/unit/cli/junit-10.xsd), which other CI servers also read.
"""

from collections.abc import Mapping, Sequence
from typing import Final
from xml.etree import ElementTree as ET

from cmk_check.cli.problems import Collected, Problem
from cmk_check.core.enums import ReasonSeverity
from cmk_check.core.text import shown
from cmk_check.web import models
from cmk_check.web.json_model import written

_SUITE: Final = "cmk_check"
_FAILURE: Final = "failure"
_ERROR: Final = "error"
_SKIPPED: Final = "skipped"
_ELEMENTS: Final[Mapping[ReasonSeverity, str]] = {
    ReasonSeverity.ERROR: _FAILURE,
    ReasonSeverity.UNKNOWN: _ERROR,
}


def as_junit(collected: Collected, status: models.Status) -> bytes:
    """Write a test for the scan itself, for each subscription with a gap and for each account.

    A test fails if its account is non-compliant or its key broken, and has an error if either is
    unknown. It is skipped if the settings accept the violation, or if the account was not read
    again: such a test must not pass. What changes no result, such as a key at risk or a kind that
    the settings leave out, is in the test's output.
    """
    suite = ET.Element("testsuite", name=_SUITE)
    add_test(suite, _SUITE, "scan", "the scan", [*collected.of_scan, *collected.notes])
    for subscription, problem in collected.gaps:
        number = subscription.subscription_id
        text = f"subscription {subscription.name or number} ({number})"
        add_test(suite, number, "subscription", text, [problem])
    for finding, problems in collected.accounts:
        name = f"{finding.resource_group}/{finding.name}"
        subscription_name = finding.subscription_name or finding.subscription_id
        text = f"{finding.id} in subscription {subscription_name}"
        old = collected.old.get(finding.id)
        add_test(suite, finding.subscription_id, name, text, problems, old=old)
    last = status.last_scan
    return document_of(suite, None if last is None else written(last.started_at))


def document_of(suite: ET.Element, timestamp: str | None = None) -> bytes:
    """Return a test suite as a document, with its totals."""
    root = ET.Element("testsuites")
    root.append(suite)
    tests = list(suite)
    for element in root, suite:
        element.set("tests", str(len(tests)))
        failed = {test for test in tests if test.find(_FAILURE) is not None}
        errors = [test for test in tests if test.find(_ERROR) is not None and test not in failed]
        element.set("failures", str(len(failed)))
        element.set("errors", str(len(errors)))
    suite.set(_SKIPPED, str(sum(test.find(_SKIPPED) is not None for test in tests)))
    if timestamp is not None:
        suite.set("timestamp", timestamp)
    ET.indent(root)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def add_test(  # noqa: PLR0913 - each is a part of a test
    suite: ET.Element,
    class_name: str,
    name: str,
    what: str,
    problems: Sequence[Problem],
    *,
    old: Problem | None = None,
) -> None:
    """Add a test, which passes if no problem fails it."""
    # Some readers refuse a test without a duration, and no duration was measured.
    test = ET.SubElement(suite, "testcase", classname=shown(class_name), name=shown(name), time="0")
    remarks = []
    for problem in problems:
        message = shown(problem.message)
        element = _ELEMENTS.get(problem.severity)
        if problem.accepted is not None:
            element, message = _SKIPPED, f"{shown(problem.accepted)} {message}"
        if element is None:
            remarks.append(f"{problem.code}: {message}")
            continue
        ET.SubElement(test, element, type=problem.code, message=message).text = shown(what)
    if old is not None and not len(test):
        ET.SubElement(test, _SKIPPED, type=old.code, message=old.message).text = shown(what)
    if remarks:
        ET.SubElement(test, "system-out").text = "\n".join(remarks)
