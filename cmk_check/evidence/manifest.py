"""Read and write ``MANIFEST.json``: the SHA-256 of each file in a bundle of evidence.

Only this file is signed, so it must contain everything that must not change. A file or folder that
cannot be read raises OSError.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel

from cmk_check import VERSION
from cmk_check.core.rule import RULE_VERSION
from cmk_check.core.text import escape_invisible, write_time
from cmk_check.errors import NotUsable

FORMAT: Final = 3
MANIFEST: Final = "MANIFEST.json"
SIGNATURE: Final = "MANIFEST.dsse.json"
# A bundle without one of these files is incomplete, even if it is signed.
REQUIRED: Final = frozenset(
    {
        "changes.jsonl",
        "findings.csv",
        "report.html",
        "scans.json",
        "status.json",
        "subscriptions.json",
    }
)
# One level, and no name that a system could interpret as another file or an option.
_NAME: Final = re.compile(r"[A-Za-z0-9][\w.-]{0,127}", re.ASCII)

type _Time = Annotated[AwareDatetime, PlainSerializer(write_time, return_type=str)]
type _Digest = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]


class _Part(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        frozen=True,
        extra="forbid",
        strict=True,
    )


class FileEntry(_Part):
    """The SHA-256 of a file in a bundle, in hexadecimal, and the size of the file."""

    sha256: _Digest
    bytes: Annotated[int, Field(ge=0)]


class Tool(_Part):
    """The program that created the bundle."""

    name: str = "cmk-check"
    version: str = VERSION


class Period(_Part):
    """The period of the changes in the bundle."""

    since: _Time
    until: _Time


class Source(_Part):
    """The app from which a bundle was exported, and the estate that the app reads.

    ``tenants`` are the sorted tenants of the recorded subscriptions.
    """

    url: str
    tenants: tuple[str, ...]
    management_group: str | None


class Manifest(_Part):
    """The content and the origin of a bundle.

    ``as_of`` is when the last finished scan began, or None before the first scan. ``identity`` is
    the person or application that exported the bundle, if known. ``rule_version`` is the version of
    the rule that the app applied. ``previous`` is the SHA-256 of the previous bundle's manifest, or
    None for the first bundle of a chain.
    """

    format: Literal[3] = FORMAT
    source: Source
    files: Mapping[str, FileEntry]
    tool: Tool = Tool()
    rule_version: str = RULE_VERSION
    period: Period
    as_of: _Time | None
    exported_at: _Time
    identity: str | None
    previous: _Digest | None = None

    @model_validator(mode="after")
    def _is_usable(self) -> Self:
        for name in self.files:
            if not _NAME.fullmatch(name) or name in {MANIFEST, SIGNATURE}:
                raise ValueError(f"{name!r} must be the plain name of a file in the bundle")
        return self

    @property
    def sha256(self) -> str:
        """The SHA-256 of the manifest file, which is ``previous`` in the next bundle of a chain."""
        return hashlib.sha256(self.body()).hexdigest()

    def body(self) -> bytes:
        """Return the manifest file: indented ASCII JSON, with the file names in order."""
        ordered = self.model_copy(update={"files": dict(sorted(self.files.items()))})
        text = ordered.model_dump_json(by_alias=True, indent=2, ensure_ascii=True)
        return f"{text}\n".encode()


def entries(folder: Path) -> dict[str, FileEntry]:
    """Hash every file in a folder that has no manifest yet."""
    return {path.name: _entry(path) for path in folder.iterdir()}


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a bundle, and accept only bytes that this program would write.

    Raises:
        NotUsable: the manifest is missing or not trustworthy.
    """
    path = folder / MANIFEST
    if is_no_file(path):
        raise NotUsable(f"{path} must be a file, not a link.")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise NotUsable(f"{path} cannot be read ({error.strerror}).") from error
    try:
        manifest = Manifest.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        if first["loc"] == ("format",) and isinstance(first["input"], int):
            raise NotUsable(_describe_other_format(path, first["input"])) from error
        place = escape_invisible(".".join(str(part) for part in first["loc"])) or "the file"
        raise NotUsable(
            f"{path} must be a manifest: {place}: {escape_invisible(first['msg'])}."
        ) from error
    # Parsers may disagree about unusual JSON, for example about a duplicate name.
    if manifest.body() != data:
        raise NotUsable(f"{path} must be exactly as cmk-check wrote it.")
    return manifest


def _describe_other_format(path: Path, number: int) -> str:
    if number < FORMAT:
        return f"{path} has format {number}, from an earlier build of cmk-check: export it again."
    return f"{path} has format {number}: check it with the version of cmk-check that wrote it."


def is_no_file(path: Path) -> bool:
    """Return whether a path is not a regular file; a link is none: its target may change."""
    return path.is_symlink() or (path.exists() and not path.is_file())


def breaks(before: Manifest, after: Manifest) -> Iterator[str]:
    """Yield the reasons why a manifest does not continue another manifest."""
    if after.previous != before.sha256:
        yield f"its previous is {after.previous}"
    since, until = after.period.since, before.period.until
    if since > until:
        yield f"it does not cover the time from {write_time(until)} to {write_time(since)}"
    if after.period.until < until or after.exported_at < before.exported_at:
        yield (
            f"it is from an earlier time: {write_time(after.period.until)}, exported at "
            f"{write_time(after.exported_at)}, after {write_time(until)} and "
            f"{write_time(before.exported_at)}"
        )
    was, now = before.source, after.source
    for name, new, old in (
        ("app", now.url, was.url),
        ("management group", now.management_group, was.management_group),
    ):
        if new != old:
            yield f"it is from another {name}: {new or 'none'} instead of {old or 'none'}"
    if now.tenants and was.tenants and not set(now.tenants) & set(was.tenants):
        yield f"it is from other tenants: {compare_tenants(before, after)}"


def compare_tenants(before: Manifest, after: Manifest) -> str:
    """Return a phrase that names the tenants of two bundles."""
    now, was = (", ".join(each.source.tenants) or "none" for each in (after, before))
    return f"{now} instead of {was}"


def digest(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal, in bounded memory."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def differences(folder: Path, manifest: Manifest) -> Iterator[str]:
    """Yield a sentence, with the file's name, for each file that differs from the manifest."""
    paths = {path.name: path for path in folder.iterdir()}
    listed, listed_files = manifest.files, {*manifest.files, MANIFEST, SIGNATURE}
    for names, fault in (
        (REQUIRED - listed.keys(), f"is missing in {MANIFEST}"),
        (listed.keys() - paths.keys(), "is missing"),
        (paths.keys() - listed_files, f"was added: {MANIFEST} does not list it"),
    ):
        yield from (f"{name} {fault}" for name in sorted(names))
    for name in sorted(listed.keys() & paths.keys()):
        try:
            if is_no_file(paths[name]):
                yield f"{name} must be a file"
            elif _entry(paths[name]) != listed[name]:
                yield f"{name} was changed: its SHA-256 is not the one in {MANIFEST}"
        except OSError as error:
            yield f"{name} cannot be read ({error.strerror})"


def _entry(path: Path) -> FileEntry:
    return FileEntry(sha256=digest(path), bytes=path.stat().st_size)
