"""The numbers that bound the program are in one module."""

import re

from cmk_check import limits
from tests.guard.documents import ROOT

# Numbers elsewhere that bound nothing.
FACTS = {
    "cli/doctor.py": {"_MARK_WIDTH", "_CHECK_WIDTH"},  # columns of a text
    "evidence/manifest.py": {"FORMAT"},  # a version of a format, as the next two
    "ports.py": {"FIRST_SCHEMA"},
    "store/codec.py": {"SCHEMA"},
    "evidence/sign.py": {"_SMALLEST"},  # the size that RSA needs
    "cli/exit_codes.py": {"USAGE", "UNKNOWN"},  # a contract
    "core/remediation/az_script.py": {"NOT_YET"},  # a contract
    "core/keys/version_in_use.py": {"_SMALLEST"},  # the size of key that Azure asks for
    "doctor/app_checks.py": {"_MINUTE"},  # a unit
    "doctor/azure_checks.py": {"_SECOND", "_MINUTE"},  # units
    "config/ncrontab.py": {"_NUMBER_OF_DAYS"},  # a stretch of the calendar
    "store/table_keys.py": {"_NUMBER_DIGITS", "_WIDTH", "_LAST_SECOND"},  # the shape of keys
    "store/table_checks.py": {"MAX_INT32", "MAX_INT64"},  # types of the table service
    "web/views/xlsx_export.py": {"_WIDEST", "_BUTTON"},  # how a cell looks
}


# A constant, or a default of an annotated name, that is more than none or one of something.
NUMBER = re.compile(
    r"(?m)(?:^ *(_?[A-Z][A-Z_0-9]*)(?:: Final(?:\[\w+\])?)?|\b(\w+): [\w |.]+) = "
    r"(?:timedelta\(\w+=\d[^)]*\)|(?:range\()?(?![01]\b)\d[\d_.* +)-]*)(?=,|\)|$|  #)"
)


def test_every_number_has_a_user() -> None:
    """A bound that nothing keeps to is a promise that the document makes in vain."""
    modules = [path for path in (ROOT / "cmk_check").rglob("*.py") if path.name != "limits.py"]
    used = set(re.findall(r"\b[A-Z][A-Z_]+\b", " ".join(path.read_text() for path in modules)))

    assert {name for name in vars(limits) if name.isupper()} <= used


def test_no_other_module_bounds_anything_by_a_number_of_its_own() -> None:
    """Whoever asks what the program keeps to, or changes it, looks at one page."""
    package = ROOT / "cmk_check"
    found = {
        str(path.relative_to(package)): {
            name or other for name, other in NUMBER.findall(path.read_text())
        }
        for path in package.rglob("*.py")
        if path != package / "limits.py"
    }

    assert {path: names for path, names in found.items() if names} == FACTS
