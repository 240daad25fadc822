"""Export evidence: sign in, download, write the bundle and its manifest, and rename it."""

from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from yarl import URL

from cmk_check.cli.app_access import sign_in
from cmk_check.cli.console import remarks, say
from cmk_check.cli.exit_codes import WRITTEN
from cmk_check.cli.progress import bar
from cmk_check.cli.stdout import write
from cmk_check.cli.whole_output import leftovers, make_working_folder, publish
from cmk_check.core.rule import RULE_VERSION
from cmk_check.core.text import escape_invisible, write_time
from cmk_check.errors import NotUsable
from cmk_check.evidence import manifest as manifests
from cmk_check.evidence.as_of import History, as_of_line
from cmk_check.evidence.bundle import write_bundle
from cmk_check.evidence.download import Evidence, Progress, download
from cmk_check.evidence.manifest import MANIFEST, Manifest, breaks, entries, read_manifest
from cmk_check.evidence.sign import Sign, read_private_key, sign

if TYPE_CHECKING:
    from securesystemslib.signer import Signature


async def export(  # noqa: PLR0913, PLR0917 - an argument for each option
    url: URL,
    out: Path,
    key: str | None,
    application: str | None,
    since: datetime | None,
    as_of: datetime | None,
    after: Path | None,
    signing: tuple[str | None, Path | None],
    *,
    quiet: bool,
    color: bool,
) -> int:
    """Create the folder, and return the exit code.

    Exactly one of ``key`` and ``application`` (a client id) is not None. ``since`` is None for all
    changes that the app keeps. ``as_of`` is an earlier time to rebuild, or None. ``after`` is the
    bundle that this bundle continues, or None. ``signing`` contains the arguments of ``signer``.

    Raises:
        ApiUnusable: the app returned no usable response.
        SettingsError, InventoryError: the sign-in failed.
        NotUsable: the folder could not be written, or a key or the previous bundle cannot be used.
        SigningFailed: the vault did not sign.
    """
    address = str(url).removesuffix("/")
    before = _before(after, address, since) if after else None
    notes = remarks(color=color)

    def note(text: str) -> None:
        if not quiet:
            say(notes, escape_invisible(f"cmk-check: {text}"))

    for folder in leftovers(out):
        note(f"{folder} is from an interrupted export; remove it if no export is running.")
    async with signer(*signing) as signed:
        with make_working_folder(out) as folder:
            work, made = folder / "work", folder / "bundle"
            work.mkdir()
            made.mkdir()
            async with sign_in("api", url, key, application) as (client, identity):
                progress = Progress()
                with nullcontext() if quiet else bar(notes, progress):
                    bundle = await download(client, work, progress)
            exported_at = datetime.now(UTC).replace(microsecond=0)
            bundle = bundle.for_period(since)
            lists = bundle.findings(), bundle.subscriptions(), bundle.changes(), bundle.scans()
            then = History(*lists).rebuild_at(as_of) if as_of else None
            write_bundle(bundle, made, then)
            manifest = _manifest(bundle, made, address, identity, exported_at, before)
            if before and after:
                _check_chain(after, before, manifest)
            (made / MANIFEST).write_bytes(manifest.body())
            if signed is not None:
                await sign(made, signed)
            publish(made, out)
    WRITTEN.code = 0
    for remark in bundle.remarks:
        note(remark)
    if then is not None:
        write(as_of_line(then))
    as_of = bundle.status.as_of
    write(
        f"posture: {bundle.posture}, as of {as_of and write_time(as_of)}\n"
        f"{escape_invisible(str(out))}: SHA-256 of {MANIFEST} {manifest.sha256}"
    )
    if not any(signing):
        note("the bundle is not signed, so anybody could have made it; to sign, use --sign-with.")
    option = " --key PUBLIC_KEY" if any(signing) else ""
    note(f"check it: cmk-check verify {quote(str(out))}{option}")
    return 0


def _manifest(  # noqa: PLR0913, PLR0917 - what it records
    downloaded: Evidence,
    made: Path,
    url: str,
    identity: str,
    exported_at: datetime,
    before: Manifest | None,
) -> Manifest:
    tenant_ids = {it.tenant_id for it in downloaded.subscriptions() if it.tenant_id is not None}
    group = downloaded.status.management_group
    return Manifest(
        files=entries(made),
        source=manifests.Source(url=url, tenants=tuple(sorted(tenant_ids)), management_group=group),
        period=manifests.Period(
            since=downloaded.since or downloaded.kept or exported_at, until=exported_at
        ),
        as_of=downloaded.status.as_of,
        exported_at=exported_at,
        identity=identity,
        rule_version=next((scan.rule_version for scan in downloaded.scans()), RULE_VERSION),
        previous=before.sha256 if before else None,
    )


def _before(folder: Path, url: str, since: datetime | None) -> Manifest:
    """Return the manifest of the previous bundle.

    Raises:
        NotUsable: the new bundle cannot continue the previous bundle; checked before a download of
            minutes.
    """
    before, now = read_manifest(folder), datetime.now(UTC).replace(microsecond=0)
    planned = before.model_copy(
        update={
            "source": before.source.model_copy(update={"url": url}),
            "period": manifests.Period(since=since or before.period.since, until=now),
            "exported_at": now,
            "previous": before.sha256,
        }
    )
    _check_chain(folder, before, planned)
    return before


def _check_chain(folder: Path, before: Manifest, manifest: Manifest) -> None:
    if faults := list(breaks(before, manifest)):
        raise NotUsable(
            f"This bundle cannot continue --after {folder}: {'; '.join(faults)}. "
            "Choose another start with --since, or omit --after to begin a new chain."
        )


def signer(vault_key: str | None, file: Path | None) -> AbstractAsyncContextManager[Sign | None]:
    """Return a signer with a key from a vault or a file, or None without either.

    Raises:
        NotUsable: the key cannot sign, or is in another cloud.
        SettingsError: the settings of the sign-in are invalid.
        SigningFailed: the vault does not return the public key.
    """
    if vault_key is not None:
        from cmk_check.evidence.vault_signer import open_vault_signer

        return open_vault_signer(vault_key)
    if file is None:
        return nullcontext()
    private = read_private_key(file)

    async def by_file(data: bytes) -> "Signature":
        return private.sign(data)

    return nullcontext(by_file)
