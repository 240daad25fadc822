"""``keys``: shows what depends on each key, over the app's HTTP API."""

from typing import Annotated

import typer

from cmk_check.cli.evidence_command import Entra, Key, KeyFile, Url, address_of, caller_of
from cmk_check.cli.exit_codes import ended, run
from cmk_check.cli.stdout import write
from cmk_check.core.keys.parsing import key_id
from cmk_check.core.text import shown


def keys(  # noqa: PLR0913 - an argument for each option
    *,
    url: Url,
    only: Annotated[
        str | None,
        typer.Argument(metavar="KEY", help="Only this key: https://<vault>.vault.azure.net/keys/…"),
    ] = None,
    vault: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only keys in this vault or Managed HSM.")
    ] = None,
    key_file: KeyFile = None,
    key: Key = None,
    entra: Entra = None,
) -> None:
    """Show which accounts lose their data if a key stops working.

    Use it before you rotate or revoke a key, or close a vault. Reads the HTTP API of a deployed
    app, which returns what its scans recorded.

    Exit codes: 0 if the list was written, 2 if an option is invalid or the list cannot be written,
    3 if the app returned no usable response, 130 after Ctrl-C and 143 after SIGTERM.
    """
    if only is not None and key_id(only) is None:
        must = "must be a key like https://<vault>.vault.azure.net/keys/<name>"
        raise typer.BadParameter(must, param_hint="KEY")
    app, caller = address_of(url), caller_of(key_file, key, entra)
    query = {name: text for name, text in (("key", only), ("vault", vault)) if text is not None}

    async def show() -> int:
        from cmk_check.cli.evidence_export import signed_in
        from cmk_check.evidence.api_client import pages
        from cmk_check.evidence.download import PAGE, checked
        from cmk_check.web.models import KeysPage
        from cmk_check.web.views.columns import KEYS, texts, title

        async with signed_in(app, *caller) as (api, _):
            async for body, _ in pages(api, "keys", query | PAGE):
                page = checked(KeysPage, body)
                for each in page.value:
                    cells = zip(map(title, KEYS.columns), texts(each, KEYS), strict=True)
                    facts = [f"{name}: {text}" for name, text in cells if text not in {"", "0"}]
                    write("\n  ".join(map(shown, facts)) + "\n")
        write(shown(page.caution))
        return 0

    raise typer.Exit(ended(lambda: run(show()), "no list was written"))
