"""Access a deployed app from a command: its address, and a key or a sign-in."""

import re
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cmk_check.cli.exit_codes import INTERRUPTED, raise_interrupts
from cmk_check.cli.options import option, refuse
from cmk_check.core.text import is_guid

if TYPE_CHECKING:
    from yarl import URL

    from cmk_check.evidence.api_client import ApiClient

_NAMES: Final = {"api": "Read key", "scan_now": "Start key"}
# A file for `curl -H @file` is also accepted.
_HEADER: Final = re.compile(r"\Ax-functions-key:\s*", re.IGNORECASE)

Url = Annotated[str, option("app.url")]
Entra = Annotated[str | None, option("app.entra")]


def parse_app_url(url: str) -> "URL":
    """Return the address of the app; raise BadParameter if it is invalid."""
    from cmk_check.evidence.api_client import app_url

    try:
        return app_url(url)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--url") from None


def choose_caller(
    function: str,
    key_file: str | None,
    entra: str | None,
    *,
    key: str | None = None,
    variable: str = "",
) -> tuple[str | None, str | None]:
    """Return a key of the function or the client id for the sign-in.

    Raises:
        typer.BadParameter: there is neither, or both.
    """
    if entra is not None:
        must = "must be a client id like 00000000-0000-0000-0000-000000000000"
        refuse(
            ("--key-file", "must be used without --entra", key_file is not None),
            ("--entra", must, not is_guid(entra)),
        )
        return None, entra.lower()
    key = _key(function, key_file, key)
    # The message does not repeat the value.
    must = f"must be a file with a key of the function {function}; or {variable}use --entra"
    is_bad = not key or not key.isascii() or not key.isprintable() or " " in key
    refuse(("--key-file", must, is_bad))
    return key, None


def _key(function: str, file: str | None, key: str | None) -> str:
    """Return the key in the file, or ``key``, or a key typed without echo."""
    if sys.stdin.isatty() and (file == "-" or not (file or key)):
        try:
            with raise_interrupts():  # so that getpass turns the echo on again
                return getpass(f"{_NAMES[function]} (function {function}): ").strip()
        except (EOFError, KeyboardInterrupt):
            raise typer.Exit(INTERRUPTED) from None
    if file is None:
        return key or ""
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        why = f"cannot be read ({error.strerror})"  # without the file's name, which may be the key
        raise typer.BadParameter(why, param_hint="--key-file") from None
    return _HEADER.sub("", data.decode("utf-8-sig", "replace").strip())


@asynccontextmanager
async def sign_in(
    function: str, url: "URL", key: str | None, application: str | None
) -> AsyncIterator[tuple["ApiClient", str]]:
    """Yield a client with this key or sign-in, and a text that names the identity.

    Raises:
        SettingsError, InventoryError: the sign-in failed.
    """
    from cmk_check.evidence.api_client import ApiClient
    from cmk_check.inventory.http_session import open_session

    if application is None:
        headers = {"x-functions-key": key or ""}

        async def by_key() -> Mapping[str, str]:
            return headers

        async with open_session(str(url)) as session:
            client = ApiClient(session, url, by_key, function=function)
            yield client, f"a key of the function {function}"
        return

    from cmk_check.config.settings import Settings
    from cmk_check.inventory.credential import SharedCredential, open_credential
    from cmk_check.inventory.token_claims import describe_ids

    settings = Settings.load_for_scan()
    scope = f"api://{application}/.default"
    inner = open_credential(settings, settings.client_id)
    async with SharedCredential(inner) as credential, open_session(str(url)) as session:

        async def by_token() -> Mapping[str, str]:
            return {"authorization": f"Bearer {(await credential.get_token(scope)).token}"}

        token = (await credential.get_token(scope)).token
        yield ApiClient(session, url, by_token, function=function), describe_ids(token)
