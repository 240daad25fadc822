"""Which version is asked for, of which type."""

import pytest

from cmk_check.inventory.api_versions import ApiVersions, get_type_of_action, type_of

ARM = "https://management.azure.com"
GROUP = f"{ARM}/subscriptions/s/resourceGroups/providers"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/providers"
REFUSED = "NoRegisteredProviderFound"


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        (f"{ARM}/subscriptions?api-version=1", "microsoft.resources/subscriptions"),
        (f"{VAULT}/keys/k/versions/v?api-version=1", "microsoft.keyvault/vaults/keys/versions"),
        (
            f"{VAULT}/keys/k/providers/Microsoft.Authorization/roleAssignments?api-version=1",
            "microsoft.authorization/roleassignments",
        ),
        (
            f"{ARM}/providers/Microsoft.ResourceGraph/resources?api-version=1",
            "microsoft.resourcegraph/resources",
        ),
    ],
)
def test_type_is_what_is_asked_for_whatever_it_lies_in(url: str, kind: str) -> None:
    """A vault may be named "providers", and grants are asked for below a key."""
    assert type_of(url) == kind


def test_type_of_an_action_is_the_one_that_it_reads() -> None:
    """The doctor shows the answers of a type beside the action that is needed for it."""
    assert (
        get_type_of_action("Microsoft.KeyVault/vaults/keys/read")
        == "microsoft.keyvault/vaults/keys"
    )


@pytest.mark.parametrize(
    ("path", "query", "version"),
    [
        # The SDK's own version of this list leaves out the tenant.
        ("/subscriptions", "2016-06-01&x=1", "2020-01-01&x=1"),
        # They have no version in common with the role assignments of their namespace.
        ("/providers/Microsoft.Authorization/policyExemptions", "", "2022-07-01-preview"),
    ],
)
def test_a_type_is_asked_for_in_its_own_version(path: str, query: str, version: str) -> None:
    """The SDK asks for all types of a namespace in one."""
    asked = ApiVersions().of(f"{ARM}{path}?api-version={query}")

    assert asked == f"{ARM}{path}?api-version={version}"


def test_what_another_request_has_learnt_meanwhile_is_used() -> None:
    """Requests run side by side: the one that is refused later must not go on to a third one."""
    versions = ApiVersions()
    first = second = versions.of(f"{VAULT}?api-version=1")
    message = "The supported api-versions are '2024-11-01,2025-05-01'."

    learnt = versions.learn(first, REFUSED, message), versions.learn(second, REFUSED, message)

    assert learnt == (True, True)
    assert versions.of(f"{VAULT}?api-version=1") == f"{VAULT}?api-version=2025-05-01"


def test_other_type_keeps_its_version() -> None:
    """A cloud may have a vault's newest version and not that of its keys."""
    versions = ApiVersions()
    key = versions.of(f"{VAULT}/keys/k?api-version=1")
    versions.learn(key, REFUSED, "The supported api-versions are '2024-11-01'.")

    assert versions.of(f"{VAULT}?api-version=1") == f"{VAULT}?api-version=2026-05-15"
