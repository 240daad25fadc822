"""``verify``: checks bundles of evidence without a network: signature, files and chain."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cmk_check.cli.exit_codes import UNKNOWN, VIOLATED, command, complain
from cmk_check.cli.options import option
from cmk_check.cli.stdout import write
from cmk_check.errors import NotUsable

if TYPE_CHECKING:
    from securesystemslib.signer import SSlibKey

    from cmk_check.evidence.manifest import Manifest


@command("the bundles were not checked")
def verify(
    folders: Annotated[list[Path], option("verify.folders")],
    key: Annotated[Path | None, option("verify.key")] = None,
) -> int:
    """Check that bundles of `cmk-check evidence` are complete, unchanged and signed.

    Needs no network. Names each bundle, and its file, that was changed, is incomplete or has no
    signature. With several folders, each must continue the previous one.

    Exit codes: 0 if everything is as signed, 1 if not, 2 if the key or a folder cannot be used or
    the output cannot be written, 3 if the files match the manifest but nobody signed it.
    """
    from cmk_check.evidence.manifest import SIGNATURE
    from cmk_check.evidence.sign import read_public_key

    if key is None and (len(folders) > 1 or (folders[0] / SIGNATURE).exists()):
        raise NotUsable("To check a chain or a signed bundle, provide the public key with --key.")
    for folder in folders:
        if not folder.is_dir():
            raise NotUsable(f"{folder} must be the folder of a bundle.")
        if key and key.resolve().is_relative_to(folder.resolve()):
            raise NotUsable(f"{key} must not come from the bundle; get the key from its owner.")
    public = read_public_key(key) if key else None
    pairs = zip((None, *folders), folders, strict=False)
    faults = [fault for before, folder in pairs for fault in _faults(before, folder, public)]
    for fault in faults:
        complain(f"{fault}.")
    return VIOLATED if faults else 0 if public else UNKNOWN


def _faults(before: Path | None, folder: Path, key: "SSlibKey | None") -> Iterator[str]:
    """Yield the faults of a folder that continues another; print its description if none."""
    from cmk_check.core.text import escape_invisible
    from cmk_check.evidence.manifest import MANIFEST, breaks, differences, read_manifest
    from cmk_check.evidence.sign import signature_fault

    earlier: Manifest | None = None
    try:
        manifest = read_manifest(folder)
        fault = signature_fault(folder, key) if key else None
        faults = [*([fault] if fault else []), *differences(folder, manifest)]
    except (NotUsable, OSError) as error:
        unread = f"{folder} cannot be read ({getattr(error, 'strerror', None)})"
        yield unread if isinstance(error, OSError) else str(error).removesuffix(".")
        return
    if before is not None:
        try:
            earlier = read_manifest(before)
            broken = list(breaks(earlier, manifest))
        except NotUsable:
            broken = ["that bundle cannot be used"]
        faults += (f"{MANIFEST} does not continue {before}: {fault}" for fault in broken)
    yield from (escape_invisible(f"{folder}: {fault}") for fault in faults)
    if not faults:
        unsigned = f"not signed; complete, and as in {MANIFEST} with SHA-256 {manifest.sha256}"
        head = f"{folder}: {'signed, complete and unchanged' if key else unsigned}"
        write("\n".join(map(escape_invisible, _describe_bundle(head, manifest, earlier))))


def _describe_bundle(head: str, manifest: "Manifest", before: "Manifest | None") -> Iterator[str]:
    from cmk_check.evidence.manifest import MANIFEST, compare_tenants

    values = manifest.model_dump(mode="json", by_alias=True)
    source = manifest.source
    tenants = ", ".join(source.tenants) or "not known"
    group = source.management_group or "none"
    by = values["identity"] or "an unknown identity"
    tool = f"{manifest.tool.name} {manifest.tool.version}, rule version {manifest.rule_version}"
    if manifest.previous is None:
        chain = "it is the first bundle"
    elif before is None:
        must = f"the SHA-256 of its {MANIFEST} must be {manifest.previous}"
        chain = f"the previous bundle was not given; {must}"
    else:
        chain = "it continues the previous bundle"
    yield f"{head} ({len(manifest.files)} files)"
    yield f"  app: {source.url}, management group {group}, tenants {tenants}"
    yield f"  period: {values['period']['since']} to {values['period']['until']}"
    yield f"  as of: {values['asOf'] or 'before the first scan'}"
    yield f"  exported: {values['exportedAt']} by {by}, {tool}"
    yield f"  chain: {chain}"
    if before is not None and before.source.tenants != source.tenants:
        yield f"  changed: tenants {compare_tenants(before, manifest)}"
