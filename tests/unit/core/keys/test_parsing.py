"""Documents of any shape about keys become facts."""

from datetime import UTC, datetime
from typing import Any, Final

import pytest

from cmk_check.core.keys.facts import Key, KeyVersion, RolePermissions, Vault
from cmk_check.core.keys.parsing import (
    Assignment,
    parse_assignment,
    parse_key,
    parse_role,
    parse_vault,
    parse_version,
    vault_name,
)
from tests.unit.core.key_examples import KEY_ID, POLICIES, VAULT_ID, changed

_ATTRIBUTES: Final = {"enabled": False, "nbf": 1, "exp": 253_402_300_799, "created": -1}
_KEY: Final[dict[str, Any]] = {
    "id": KEY_ID,
    "name": "cmk",
    "properties": {
        "attributes": _ATTRIBUTES,
        "kty": "RSA",
        "keySize": 3072,
        "keyOps": ["WrapKey", "sign"],
        "keyUriWithVersion": "https://safe.vault.azure.net:443/keys/cmk/0A0b",
    },
}


def _version(name: str | None) -> KeyVersion:
    return KeyVersion(
        version=name,
        enabled=False,
        not_before=datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC),
        expires=datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
        created=datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
        type="RSA",
        size=3072,
        operations=frozenset({"wrapkey", "sign"}),
    )


def test_a_vault_arrives_whole() -> None:
    """Ids and permissions are compared in lower case."""
    document = {
        "id": VAULT_ID,
        "properties": {
            "vaultUri": "https://Safe.vault.azure.net/",
            "hsmUri": "https://other/",
            "enableSoftDelete": True,
            "enablePurgeProtection": False,
            "enableRbacAuthorization": True,
            "accessPolicies": [
                {"objectId": "A", "applicationId": None, "permissions": {"keys": ["Get", "", "x"]}},
                {"objectId": "a", "permissions": {"keys": ["List"]}},
                {"objectId": "B", "applicationId": "app", "permissions": {"keys": ["all"]}},
                {"objectId": "C", "permissions": None},
            ],
            "networkAcls": {"defaultAction": "Deny", "bypass": "None"},
            "publicNetworkAccess": "Disabled",
        },
    }

    assert parse_vault(document, managed_hsm=False) == Vault(
        id=VAULT_ID.lower(),
        uri="https://Safe.vault.azure.net/",
        soft_delete=True,
        purge_protection=False,
        uses_rbac=True,
        policies={"a": frozenset({"get", "x", "list"}), "c": frozenset()},
        default_action="Deny",
        bypass="None",
        public_access="Disabled",
    )


def test_a_managed_hsm_has_an_address_of_its_own() -> None:
    """Its address shows that it is the account's vault."""
    document = {"id": "/H", "properties": {"hsmUri": "https://h/", "vaultUri": "https://v/"}}

    assert parse_vault(document, managed_hsm=True) == Vault("/h", "https://h/", is_managed_hsm=True)


_POLICY: Final = "properties.accessPolicies"


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("id", None, "id is missing."),
        ("properties.enableSoftDelete", 1, "properties.enableSoftDelete is not true or false."),
        (f"{_POLICY}.0.objectId", None, f"{_POLICY}[].objectId is missing."),
        (
            f"{_POLICY}.0.permissions.keys",
            ["get", 7],
            f"{_POLICY}[].permissions.keys is not a list of strings.",
        ),
        # The first of two, so that two readings of the same vault agree.
        (_POLICY, [None, {"objectId": 7}], f"{_POLICY}[] is not an object."),
    ],
)
def test_the_broken_part_of_a_vault_is_named(path: str, value: object, sentence: str) -> None:
    """P11: the reason of an unknown key says what to check."""
    document = changed(POLICIES, f"vault.{path}", value)["vault"]

    assert parse_vault(document, managed_hsm=False).malformed == sentence
    assert parse_vault(7, managed_hsm=False).malformed == "It is not an object."


def test_a_key_arrives_whole() -> None:
    """Its version is the one in its address."""
    assert parse_key(_KEY) == Key(KEY_ID.lower(), _version("0A0b"), None)


def test_a_version_is_known_by_its_name() -> None:
    """Lists of versions have this form of name."""
    assert parse_version({**_KEY, "name": "0C"}) == _version("0C")
    assert parse_version({**_KEY, "name": ""}) == _version(None)


@pytest.mark.parametrize(
    ("uri", "version"),
    [
        ("https://safe.vault.azure.net/keys/cmk/0a/", "0a"),
        ("https://safe.vault.azure.net/keys/cmk/", None),
        ("https://safe.vault.azure.net/keys/cmk/0a/0b", None),
        (None, None),
    ],
)
def test_only_an_address_with_a_version_has_one(uri: str | None, version: str | None) -> None:
    """The key's name must not be taken for a version."""
    document = {**_KEY, "properties": {**_KEY["properties"], "keyUriWithVersion": uri}}

    assert parse_key(document).latest.version == version


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("attributes", None, "properties.attributes is missing."),
        ("attributes.exp", True, "properties.attributes.exp is not a whole number."),
        ("attributes.nbf", 10**20, "properties.attributes.nbf is not a time."),
        ("attributes.created", -(10**400), "properties.attributes.created is not a time."),
        ("keyOps.0", None, "properties.keyOps is not a list of strings."),
    ],
)
def test_the_broken_part_of_a_key_is_named(path: str, value: object, sentence: str) -> None:
    """P11; and an unreadable expiry must not count as none (P1)."""
    document = changed(POLICIES, f"key.properties.{path}", value)["key"]

    assert parse_key(document).latest.malformed == sentence
    assert parse_version(document).malformed == sentence


def test_only_a_size_that_a_key_may_have_is_kept() -> None:
    """P7: a number of 5,000 digits cannot even be written down."""
    odd = "properties.keySize is not a possible key size."
    for size, kept, fault in (
        *((size, size, None) for size in (0, 10**6)),
        *((size, None, odd) for size in (-1, 10**6 + 1, 10**5_000, -(10**5_000))),
    ):
        version = parse_key(changed(POLICIES, "key.properties.keySize", size)["key"]).latest

        assert (version.size, version.malformed) == (kept, fault)


def test_texts_are_cut_and_cleaned() -> None:
    """P10: a lone surrogate stops an encoder, a NUL cuts a text."""
    long = "\x00\ud800" + "x" * 5_000
    version = parse_version({"name": long, "properties": {"kty": long, "keyOps": [long]}})
    vault = parse_vault({"id": long, "properties": {"vaultUri": long}}, managed_hsm=False)

    assert version.version == version.type == "\ufffd\ufffd" + "x" * 122
    assert version.operations == frozenset({"\ufffd\ufffd" + "x" * 122})
    assert vault.id == vault.uri == "\ufffd\ufffd" + "x" * 1_018


@pytest.mark.parametrize("value", [None, 7, "\ud800", [{}], {"properties": [7]}])
def test_no_answer_at_all_raises_p7(value: object) -> None:
    """P7: an answer need not be a document; odd parts of one are tried where it is judged."""
    parse_vault(value, managed_hsm=True)
    parse_key(value)
    parse_version(value)

    assert (parse_assignment(value), parse_role(value)) == (None, None)


_ASSIGNED: Final[dict[str, Any]] = {
    "principalId": " P ", "roleDefinitionId": "/R", "scope": "/Subscriptions/S",
}  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "conditional"),
    [
        ({}, False),
        ({"condition": " "}, False),
        ({"condition": "x"}, True),
        ({"condition": {}}, True),
        ({"condition": False}, True),
    ],
)
def test_an_assignment_arrives_whole(condition: dict[str, Any], conditional: bool) -> None:  # noqa: FBT001
    """P1: a condition that cannot be read is one all the same."""
    assert parse_assignment({"properties": {**_ASSIGNED, **condition}}) == Assignment(
        "p", "/r", "/subscriptions/s", conditional
    )


def _role(*blocks: object) -> dict[str, Any]:
    return {"properties": {"permissions": list(blocks)}}


@pytest.mark.parametrize(
    ("document", "permissions"),
    [
        (_role(), ()),
        (_role({"actions": ["*"]}), (RolePermissions(),)),
        (
            _role({"dataActions": ["A/*", "b"], "notDataActions": ["C"]}, {"condition": "x"}),
            (RolePermissions(("A/*", "b"), ("C",)), RolePermissions(conditional=True)),
        ),
        ({"properties": {"permissions": {}}}, None),
        (_role({"dataActions": ["*"]}, 7), None),
        (_role({"dataActions": ["*", 7]}), None),
        (_role({"dataActions": ["*"], "notDataActions": "*"}), None),
        (_role({"dataActions": ["*"], "notDataActions": [None]}), None),
        (_role({"dataActions": ["*" * 1023 + "\u00fc"]}), None),
        (_role({"dataActions": ["*\x00"]}), None),
    ],
)
def test_what_a_role_allows(
    document: object, permissions: tuple[RolePermissions, ...] | None
) -> None:
    """P1: an exclusion that cannot be read must not be taken for none."""
    assert parse_role(document) == permissions


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        (" HTTPS://SAFE-1.VAULT.AZURE.NET:443/keys/cmk ", ("safe-1", False)),
        ("https://safe.vault.azure.net./", ("safe", False)),
        ("https://safe.vault.usgovcloudapi.net/", ("safe", False)),
        ("https://safe.ManagedHSM.azure.net/", ("safe", True)),
        (f"https://{'a' * 25}.vault.azure.net/", None),
        ("http://safe.vault.azure.net/", None),
        ("https://safe.example.net/", None),
        ("https://safe.vault.azure.net@evil.example/", None),
        ("https://safe.vault.azure.net:x/", None),
        ("https://sa_fe.vault.azure.net/", None),
        ("https://\u017fafe.vault.azure.net/", None),
        ("https://safe.vault.azure.net\n/", None),
        (None, None),
    ],
)
def test_names_of_vaults(uri: str | None, name: tuple[str, bool] | None) -> None:
    """P10: what is no name must not be asked for; in all clouds names look alike."""
    assert vault_name(uri) == name
