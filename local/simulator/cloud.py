"""What a cloud says of itself to whoever asks, before anybody signs in.

``az cloud register`` and Terraform ask it where Azure Resource Manager is and whom tokens are for.
What is not simulated is not named, so that no client is led from here to a real service.
"""

from typing import Final

from local.simulator import errors
from local.simulator.messages import Incoming, Reply

PATH: Final = "/metadata/endpoints"
_VERSION: Final = "2022-09-01"


def answer(incoming: Incoming) -> Reply:
    """Describe this cloud; the first audience is the one that clients ask tokens for."""
    version = incoming.query.get("api-version")
    if incoming.method != "GET" or set(incoming.query) > {"api-version"}:
        return errors.not_simulated(incoming)
    if not version:
        return errors.missing_api_version()
    if version != _VERSION:
        # Azure has older ones, whose answer is a list of all clouds.
        return errors.not_simulated(incoming, f"api-version {version}")
    origin = f"https://{incoming.host}"
    return Reply.of(
        200,
        {
            "authentication": {
                # Nobody but a managed identity can sign in: any other request there is 501.
                "loginEndpoint": origin,
                "audiences": [origin],
                "tenant": "common",
                "identityProvider": "AAD",
            },
            "name": "Simulator",
            "suffixes": {},
            "resourceManager": origin,
        },
    )
