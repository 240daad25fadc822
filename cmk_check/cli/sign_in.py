"""Shows who signed in, so that a person notices the wrong account or tenant before the result."""

from contextlib import suppress
from typing import TYPE_CHECKING

from cmk_check.cli.exit_codes import complain
from cmk_check.ports import InventoryError

if TYPE_CHECKING:
    from cmk_check.inventory.azure_inventory import AzureInventory


async def say_who(inventory: "AzureInventory") -> None:
    """Print who reads Azure on standard error; a failed sign-in is reported by the reading."""
    with suppress(InventoryError):
        if who := await inventory.signed_in_as():
            complain(f"signed in as {who}")
