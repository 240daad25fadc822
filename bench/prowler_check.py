"""Lists and judges accounts as Prowler does, with its own code; run by the Python that has it.

Only its endpoint is another one, as for a sovereign cloud. Three further requests for each account,
which have nothing to do with keys, are answered with nothing: diagnostic settings, deployments and
content filters.
"""

import json
import os
import sys
from importlib import import_module
from types import SimpleNamespace
from typing import Final

_AZURE: Final = "prowler.providers.azure"


def main() -> None:
    """Print how many accounts were judged, and how many passed."""
    url = os.environ["CMK_ARM_URL"]
    scopes = [f"{url}/.default"]
    credential = import_module("azure.identity").ManagedIdentityCredential()
    client = import_module("azure.mgmt.subscription").SubscriptionClient(
        credential, base_url=url, credential_scopes=scopes
    )
    listed = {each.subscription_id: each.display_name for each in client.subscriptions.list()}
    import_module("prowler.providers.common.provider").Provider.set_global_provider(
        SimpleNamespace(
            identity=SimpleNamespace(subscriptions=listed),
            session=credential,
            region_config=SimpleNamespace(base_url=url, credential_scopes=scopes),
            resource_groups=None,
            locations={},
            audit_config={},
            fixer_config={},
        )
    )
    service = import_module(f"{_AZURE}.services.aiservices.aiservices_service").AIServices
    for further in ("_get_diagnostic_settings", "_get_deployments", "_get_rai_policies"):
        setattr(service, further, staticmethod(lambda *_: None))
    name = "aiservices_account_encrypted_with_cmk"
    check = getattr(import_module(f"{_AZURE}.services.aiservices.{name}.{name}"), name)
    found = check().execute()
    passed = sum(each.status == "PASS" for each in found)
    sys.stdout.write(json.dumps({"accounts": len(found), "passed": passed}))


if __name__ == "__main__":
    main()
