"""The export: signs in, downloads, writes the bundle and its manifest, and renames it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from yarl import URL

from cmk_check.cli.console import remarks, say, shown
from cmk_check.cli.evidence.api_client import ApiClient, Authorise, open_api_session
from cmk_check.cli.evidence.as_of import History, as_of_line
from cmk_check.cli.evidence.bundle import write_bundle
from cmk_check.cli.evidence.download import DownloadProgress, download
from cmk_check.cli.evidence.manifest import (
    MANIFEST,
    Manifest,
    Period,
    Source,
    breaks,
    entries,
    read_manifest,
)
from cmk_check.cli.evidence.sign import sign, signer
from cmk_check.cli.new_folder import leftovers, publish, unfinished
from cmk_check.cli.progress import bar
from cmk_check.cli.stdout import NotUsable, write
from cmk_check.core.rule import RULE_VERSION
from cmk_check.web.answer import written

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What to export, from where, as whom and into which folder.

    Exactly one of ``key`` and ``application`` (its client id) is not None. ``since`` is None for
    all changes that the app keeps. ``as_of`` is an earlier time to rebuild, if any; ``after`` the
    bundle that this one continues. ``vault_key`` and ``key_file`` name the key that signs, or are
    both None.
    """

    url: URL
    out: Path
    key: str | None
    application: str | None
    since: datetime | None
    as_of: datetime | None
    after: Path | None
    vault_key: str | None
    key_file: Path | None
    quiet: bool
    color: bool


async def export(request: ExportRequest) -> int:
    """Make the folder; return the exit code.

    Raises:
        ApiUnusable: the app gave no answer that can be used.
        SettingsError, InventoryError: the sign-in failed.
        NotUsable: the folder could not be written, or a key or the bundle before cannot be used.
        SigningFailed: a vault has not signed.

    """
    before = _before(request)
    notes = remarks(color=request.color)
    if not request.quiet:
        for folder in leftovers(request.out):
            _note(notes, f"{folder} is of an export that was interrupted; remove it if none runs.")
    async with signer(request.vault_key, request.key_file) as signed:
        with unfinished(request.out) as folder:
            work, made = folder / "work", folder / "bundle"
            work.mkdir()
            made.mkdir()
            async with (
                _signed_in(request) as (authorise, identity),
                open_api_session(request.url) as session,
            ):
                client = ApiClient(session, request.url, authorise)
                progress = DownloadProgress()
                with nullcontext() if request.quiet else bar(notes, progress):
                    found = await download(client, work, progress)
            exported_at = datetime.now(UTC).replace(microsecond=0)
            found = found.of_period(request.since)
            lists = found.findings(), found.subscriptions(), found.changes(), found.scans()
            then = History(*lists).as_of(request.as_of) if request.as_of else None
            write_bundle(found, made, then)
            named = {each.tenant_id for each in found.subscriptions() if each.tenant_id is not None}
            manifest = Manifest(
                files=entries(made),
                source=Source(
                    url=_url(request),
                    tenants=tuple(sorted(named)),
                    management_group=found.status.management_group,
                ),
                period=Period(since=found.since or found.kept, until=exported_at),
                as_of=found.status.as_of,
                exported_at=exported_at,
                identity=identity,
                rule_version=next((scan.rule_version for scan in found.scans()), RULE_VERSION),
                previous=before.sha256 if before else None,
            )
            _check_chain(request, before, manifest)
            (made / MANIFEST).write_bytes(manifest.body())
            if signed is not None:
                await sign(made, signed)
            publish(made, request.out)
    if not request.quiet:
        for remark in found.remarks:
            _note(notes, remark)
    status = found.status
    if then is not None:
        write(as_of_line(then))
    write(
        f"posture: {found.posture}, as of {status.as_of and written(status.as_of)}\n"
        f"{shown(str(request.out))}: SHA-256 of {MANIFEST} {manifest.sha256}"
    )
    return 0


def _before(request: ExportRequest) -> Manifest | None:
    """Return the manifest of the bundle before, None for the first of a chain.

    Raises:
        NotUsable: this bundle will not continue it, which is known before a download of minutes.

    """
    if request.after is None:
        return None
    before, now = read_manifest(request.after), datetime.now(UTC).replace(microsecond=0)
    planned = before.model_copy(
        update={
            "source": before.source and before.source.model_copy(update={"url": _url(request)}),
            "period": Period(since=request.since or before.period.since, until=now),
            "exported_at": now,
            "previous": before.sha256,
        }
    )
    _check_chain(request, before, planned)
    return before


def _check_chain(request: ExportRequest, before: Manifest | None, manifest: Manifest) -> None:
    faults = list(breaks(before, manifest)) if before else ()
    if faults:
        raise NotUsable(
            f"--after {request.after} cannot be continued by this bundle: {'; '.join(faults)}. "
            "Choose another --since, or begin a new chain without --after."
        )


def _url(request: ExportRequest) -> str:
    return str(request.url).removesuffix("/")


@asynccontextmanager
async def _signed_in(request: ExportRequest) -> AsyncIterator[tuple[Authorise, str]]:
    """Yield what identifies the caller to the app, and the identity for the manifest."""
    if request.application is None:
        headers = {"x-functions-key": request.key or ""}

        async def by_key() -> Mapping[str, str]:
            return headers

        yield by_key, "a key of the function api"
        return

    from cmk_check.config.settings import Settings
    from cmk_check.doctor.token_claims import Bearer
    from cmk_check.inventory.credential import SharedCredential, own_credential

    settings = Settings.load_for_scan()
    scope = f"api://{request.application}/.default"
    inner = own_credential(
        managed=settings.managed_identity,
        client_id=settings.client_id,
        authority_host=settings.addresses.authority_host,
    )
    async with SharedCredential(inner) as credential:

        async def by_token() -> Mapping[str, str]:
            return {"authorization": f"Bearer {(await credential.get_token(scope)).token}"}

        token = (await credential.get_token(scope)).token
        yield by_token, str(Bearer.of(token))


def _note(console: "Console", text: str) -> None:
    say(console, shown(f"cmk-check: {text}"))
