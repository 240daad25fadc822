"""A small estate with vaults and policies, and the paths in it."""

from local.simulator import (
    CMK_POLICY,
    AccountSpec,
    Estate,
    KeySpec,
    VaultSpec,
    VersionSpec,
    builtin_id,
)

VAULTS = "/providers/Microsoft.KeyVault/vaults"
HSMS = "/providers/Microsoft.KeyVault/managedHSMs"
KEY_VERSION = "2026-05-15"
GRANT_VERSION = "2022-04-01"
GRAPH_VERSION = "2021-03-01"
APPS = "/subscriptions/5d0c7b1e-0000-4000-8000-000000000001"
KEYS = "/subscriptions/5d0c7b1e-0000-4000-8000-000000000002"
COMPANY = "/providers/Microsoft.Management/managementGroups/company"
GROUP = f"{KEYS}/resourceGroups/rg-Keys"
VAULT = f"{GROUP}{VAULTS}/kv-one"
KEY = f"{VAULT}/keys/cmk"
HSM = f"{GROUP}{HSMS}/hsm-one"
APP_GROUP = f"{APPS}/resourceGroups/rg-apps"
_TYPES = "where type in~ ('microsoft.keyvault/vaults','microsoft.keyvault/managedhsms')"
OLD, NEW = "a" * 32, "b" * 32


def small_estate() -> Estate:
    """Make an estate of two subscriptions: accounts in one, vaults in the other."""
    estate = Estate()
    apps = estate.add_subscription(APPS.rpartition("/")[2], "Applications")
    keys = estate.add_subscription(KEYS.rpartition("/")[2], "Keys")
    apps.management_groups = ("applications", "company")
    keys.management_groups = ("platform", "company")
    apps.add_account(AccountSpec(name="chat", group="rg-apps", identity="system"))
    apps.add_account(AccountSpec(name="agents", group="rg-apps", kind="AIServices"))
    versions = (VersionSpec(version=OLD, created=1_700_000_000), VersionSpec(version=NEW))
    for vault in (
        VaultSpec(name="kv-one", group="rg-Keys", keys=(KeySpec(name="cmk", versions=versions),)),
        VaultSpec(name="kv-two", group="rg-keys"),
        VaultSpec(name="kv-three", group="rg-other"),
        VaultSpec(name="kv-gone", group="rg-other", deleted=True),
        VaultSpec(name="hsm-one", group="rg-keys", hsm=True, keys=(KeySpec(name="cmk"),)),
    ):
        keys.vaults.add(vault)
    estate.policies.assign(COMPANY, "cmk", builtin_id(CMK_POLICY))
    estate.policies.assign(KEYS, "local", builtin_id(CMK_POLICY))
    return estate


def query(*names: str) -> str:
    """Ask where vaults of these names are."""
    quoted = ",".join(f"'{name}'" for name in names)
    projected = f"Resources | {_TYPES} | where name in~ ({quoted}) | project id, name, type"
    return f"{projected} | order by id asc"
