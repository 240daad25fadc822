"""Read the files of ``check``: JSON that Azure's tools, Terraform or a shell wrote."""

import json
import re
import sys
from bisect import bisect
from dataclasses import dataclass
from json import scanner
from pathlib import Path
from typing import Any, Final

from cmk_check.cli.bicep import compile_file
from cmk_check.core.planned.document import as_dict, member, spend
from cmk_check.core.text import format_count
from cmk_check.errors import NotUsable
from cmk_check.limits import MAX_INPUT_BYTES

_STDIN: Final = "-"
_HOW: Final = (
    "use Bicep, an ARM template, or output of what-if, `terraform show -json` or "
    "`az cognitiveservices account list`"
)
# Byte order marks that PowerShell's > writes: UTF-16 up to version 5.1, later optionally UTF-8.
_MARKS: Final = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}
_NO_PLAN: Final = (
    "this is {}; run `terraform plan -out plan.bin` and `terraform show -json plan.bin > plan.json`"
)
SOURCES: Final = (".bicep", ".bicepparam")
_PATTERN: Final = re.compile(r"[*?[]")
_COMMENT: Final = re.compile(
    r'("(?:[^"\\\n]|\\.)*+"?)|//[^\r\n]*+(?=\r?\n|\Z)|/\*.*?(?:\*/|\Z)', re.DOTALL
)


class NotADocument(NotUsable):
    """The file contains JSON of another kind."""


class _Located(dict[str, object]):
    line = 0


@dataclass(frozen=True, slots=True)
class Document:
    """The part of a file to judge, and the parameters that the file gives to templates.

    A parameters file has no accounts to judge; a .bicepparam also contains the template for its
    parameters.
    """

    judged: object
    parameters: object = None
    is_judged: bool = True


def find_files(name: str) -> list[str]:
    """Return the files that match a name, a pattern or a folder, or none.

    Links to folders are left out, and hidden files are left out unless their name is given.
    """
    path = Path(name)
    if name == _STDIN or path.is_file() or not (path.is_dir() or _PATTERN.search(name)):
        return [name]
    root = path if path.is_dir() else Path(path.anchor)
    return _search(root, "**/*.json" if path.is_dir() else str(path.relative_to(root)), path)


def say_sources(name: str) -> str | None:
    """Return a sentence if a folder has Bicep sources; many are modules, so a person chooses."""
    path = Path(name)
    number = len(_search(path, "**/*.bicep", path)) if path.is_dir() else 0
    sources = format_count(number, "source")
    return f"{name}: {sources} of Bicep ignored; name the files to deploy." if number else None


def _search(root: Path, pattern: str, given: Path) -> list[str]:
    names = {part for part in given.parts if part.startswith(".")}
    return sorted(
        str(each)
        for each in root.glob(pattern)
        if not each.is_dir()
        and all(part in names for part in each.relative_to(root).parts if part.startswith("."))
    )


def _text(file: str) -> str:
    """Return the text of a file that a shell may have written."""
    path = Path(file)
    if path.exists() and not path.is_file() and file != _STDIN:
        raise OSError(0, "not a regular file")
    with sys.stdin.buffer if file == _STDIN else path.open("rb") as stream:
        data = stream.read(MAX_INPUT_BYTES + 1)
    if path.suffix in SOURCES:
        data = compile_file(file)
    if len(data) > MAX_INPUT_BYTES:
        raise NotUsable(f"must have at most {MAX_INPUT_BYTES:,} bytes")
    if data.startswith(b"PK"):
        raise NotUsable(_NO_PLAN.format("a plan in Terraform's own format"))
    encoding = next((name for mark, name in _MARKS.items() if data.startswith(mark)), "utf-8")
    return data.decode(encoding)


def read_document(file: str) -> Document:
    """Read a file.

    Raises:
        NotUsable, TooMuchWork, OSError, ValueError, RecursionError: the file cannot be read, is not
            JSON, or is too large.
    """
    text = _text(file)
    if not (start := text.strip()):
        raise NotUsable("the input is empty")
    if start.startswith('{"@level"'):
        raise NotUsable(_NO_PLAN.format("what `terraform plan -json` prints"))
    if file.endswith(SOURCES):  # compiled, so that line numbers would be misleading
        source = json.loads(text)
        template = source.get("templateJson") if "parametersJson" in source else text
        values = member(json.loads(source.get("parametersJson") or "null"), "parameters")
        return Document(json.loads(template or "null"), values, template is not None)
    try:
        document = _parse_located(text)
    except json.JSONDecodeError:
        document = _parse_located(
            _COMMENT.sub(lambda it: it[1] or re.sub(r"[^\n]", " ", it[0]), text)
        )
        if not has_schema(document, "deployment"):  # only Azure's templates may have comments
            raise
    is_shown = member(document, "terraform_version") and member(document, "values")
    if is_shown or member(document, "lineage"):
        raise NotUsable(_NO_PLAN.format("a state of Terraform"))
    if has_schema(document, "deploymentParameters"):
        return Document(None, member(document, "parameters") or {}, is_judged=False)
    return Document(document)


def _refuse(name: str) -> object:
    """Reject NaN and Infinity, which Python accepts but JSON does not have."""
    raise ValueError(f"{name} is not allowed in JSON")


def _parse_located(text: str) -> object:
    """Parse JSON and record the ``line`` of each object.

    The pure Python scanner of json passes an object's position to a replaceable function.
    """
    ends = [place for place, char in enumerate(text) if char == "\n"]
    reader: Any = json.JSONDecoder(object_pairs_hook=list, parse_constant=_refuse)
    parse = reader.parse_object

    def parse_object(text_and_start: tuple[str, int], *rest: Any) -> tuple[object, int]:  # noqa: ANN401
        spend(1)
        pairs, end = parse(text_and_start, *rest)
        line = bisect(ends, text_and_start[1] - 1) + 1
        members = _Located(as_dict(pairs, line))
        members.line = line
        return members, end

    reader.parse_object = parse_object
    reader.scan_once = scanner.py_make_scanner(reader)  # type: ignore[attr-defined]
    return reader.decode(text)


def has_schema(document: object, schema: str) -> bool:
    """Return whether a document names a schema of Azure, such as deploymentTemplate."""
    return schema.lower() in str(member(document, "$schema")).lower()


def say_fault(file: str, error: Exception) -> str:
    """Return how to change a file so that it is usable."""
    fault = str(error)
    if isinstance(error, OSError):
        fault = f"cannot be read ({error.strerror})"
    elif isinstance(error, UnicodeDecodeError):
        fault = f"byte {error.start} is not {error.encoding} text; save the file as UTF-8"
    elif isinstance(error, json.JSONDecodeError | RecursionError):
        fault = f"invalid JSON ({error})"
    return f"{'standard input' if file == _STDIN else file}: {fault}; {_HOW}."
