"""The numbers that bound the program are in one module."""

import ast
import re
from collections.abc import Iterator

import pytest

from cmk_check import limits
from tests.guard.documents import ROOT

# Numbers elsewhere that bound nothing.
FACTS = {
    "cli/doctor.py": {"_MARK_WIDTH", "_CHECK_WIDTH"},  # columns of a text
    "cli/estimate.py": {
        "every",  # the schedule of the templates
        *("_ARM_BUCKET", "_ARM_REFILL", "_GRAPH_QUERIES", "_GRAPH_SECONDS"),  # Azure's own
        *("_TABLE_REQUESTS_A_SECOND", "_GRAPH_ROWS", "_SUBSCRIPTIONS_A_PAGE"),
        "_QUERIES_A_LOOK",  # counted
        *("_SUBSCRIPTION_BYTES", "_FINDING_BYTES", "_SCAN_BYTES", "_LINE_BYTES", "_LINES_A_SLICE"),
    },
    "evidence/sign.py": {"_SMALLEST"},  # the size that RSA needs
    "evidence/manifest.py": {"format"},  # a contract
    "cli/exit_codes.py": {"USAGE", "UNKNOWN"},  # a contract
    "core/prices.py": {
        *("HOURS_A_MONTH", "_INSTANCE_GB", "_BYTES_A_GB", "log_gb"),  # units, and a price
        *("_RULES_5_MINUTES", "_RULES_15_MINUTES"),  # of the templates
    },
    "core/remediation/az_script.py": {"NOT_YET"},  # a contract
    "core/keys/version.py": {"_SMALLEST"},  # the size of key that Azure asks for
    "core/remediation/cmk_plan.py": {"KEY_SIZE", "RETENTION_DAYS"},  # Azure's own
    "doctor/app_checks.py": {"_MINUTE"},  # a unit
    "doctor/azure_checks.py": {"_SECOND", "_MINUTE"},  # units
    "doctor/ncrontab.py": {"_NUMBER_OF_DAYS"},  # a stretch of the calendar
    "store/table_keys.py": {"_NUMBER_DIGITS", "_WIDTH", "_LAST_SECOND"},  # the shape of keys
    "store/table_checks.py": {"MAX_INT32", "MAX_INT64"},  # types of the table service
    "web/views/xlsx_export.py": {"_TEXT", "_WIDEST", "_BUTTON"},  # how a cell looks
}


def test_every_number_has_a_user() -> None:
    """A bound that nothing keeps to is a promise that the document makes in vain."""
    modules = [path for path in (ROOT / "cmk_check").rglob("*.py") if path.name != "limits.py"]
    used = set(re.findall(r"\b[A-Z][A-Z_]+\b", " ".join(path.read_text() for path in modules)))

    assert {name for name in vars(limits) if name.isupper()} <= used


def _numbers(source: str) -> Iterator[str]:
    """Name constants, attributes and arguments whose value or default is a number above 1."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if _is_number(
                value
            ):
                yield name
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if (
                name.isupper() and _is_number(value)
            ):
                yield name
            case ast.arguments():
                named = [*node.posonlyargs, *node.args][::-1]
                pairs = [
                    *zip(named, node.defaults[::-1], strict=False),
                    *zip(node.kwonlyargs, node.kw_defaults, strict=True),
                ]
                yield from (one.arg for one, value in pairs if value and _is_number(value))


def _is_number(value: ast.expr) -> bool:
    """Say whether this is made of numbers alone, and more than none or one of something."""
    nodes = list(ast.walk(value))
    calls = {node.id for node in nodes if isinstance(node, ast.Name)}
    values = [node.value for node in nodes if isinstance(node, ast.Constant)]
    least = 1 if "timedelta" in calls else 2
    return calls <= {"timedelta", "range"} and any(
        isinstance(number, int | float) and number >= least for number in values
    )


@pytest.mark.parametrize(
    "source",
    [
        "MOST: Final = 5",
        "_MOST = 4 * 1024",
        "PAUSE: Final = timedelta(hours=1)",
        "class A:\n    seconds: float = 60",
        "def read(a, top=100, b=0): ...",
    ],
)
def test_a_number_is_found(source: str) -> None:
    """A search that finds nothing proves nothing."""
    assert len(list(_numbers(source))) == 1


def test_no_other_module_bounds_anything_by_a_number_of_its_own() -> None:
    """Whoever asks what the program keeps to, or changes it, looks at one page."""
    package = ROOT / "cmk_check"
    found = {
        str(path.relative_to(package)): set(_numbers(path.read_text()))
        for path in package.rglob("*.py")
        if path != package / "limits.py"
    }

    assert {path: names for path, names in found.items() if names} == FACTS
