"""The description of a cloud that clients read before they sign in.

``az cloud register`` and Terraform read from it the address of Azure Resource Manager and the
audience of tokens. It names only what is simulated, so that no client reaches a real service.
"""

from typing import Final

from local.simulator import errors
from local.simulator.messages import Incoming, Reply
from local.simulator.vault_data import DNS

PATH: Final = "/metadata/endpoints"
_VERSION: Final = "2022-09-01"


def answer(incoming: Incoming) -> Reply:
    """Describe this cloud; clients request tokens for the first audience."""
    version = incoming.query.get("api-version")
    if incoming.method != "GET" or set(incoming.query) > {"api-version"}:
        return errors.not_simulated(incoming)
    if not version:
        return errors.missing_api_version()
    if version != _VERSION:
        # Azure has older versions, which answer with a list of all clouds.
        return errors.not_simulated(incoming, f"api-version {version}")
    origin = f"https://{incoming.host}"
    return Reply.of(
        200,
        {
            "authentication": {
                # Only a managed identity can sign in: any other request there is 501.
                "loginEndpoint": origin,
                "audiences": [origin],
                "tenant": "common",
                "identityProvider": "AAD",
            },
            "name": "Simulator",
            # az wants these to be there. No request may reach the real ones; the vaults are
            # simulated, for those who ask through the simulator's proxy.
            "suffixes": {
                "keyVaultDns": DNS,
                "mhsmDns": "managedhsm.invalid",
                "storage": "storage.invalid",
            },
            "microsoftGraphResourceId": origin,
            "resourceManager": origin,
        },
    )
