"""Role assignments, role definitions, encryption scopes and names of vaults become facts."""

from typing import Any, Final

import pytest

from cmk_check.core.keys.facts import RolePermissions
from cmk_check.core.keys.parsing import (
    Assignment,
    parse_assignment,
    parse_role,
    vault_name,
)

_ASSIGNED: Final[dict[str, Any]] = {
    "principalId": " P ", "roleDefinitionId": "/R", "scope": "/Subscriptions/S",
}  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "conditional"),
    [
        ({}, False),
        ({"condition": None}, False),
        ({"condition": " "}, False),
        ({"condition": "x"}, True),
        ({"condition": 7}, True),
        ({"condition": {}}, True),
        ({"condition": False}, True),
    ],
)
def test_an_assignment_arrives_whole(condition: dict[str, Any], conditional: bool) -> None:  # noqa: FBT001
    """P1: an unreadable condition is still a condition."""
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
        (None, None),
        ({"properties": {"permissions": None}}, None),
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
    """P1: an unreadable exclusion must not count as none."""
    assert parse_role(document) == permissions


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("https://Safe-1.vault.azure.net/", ("safe-1", False)),
        ("https://safe.vault.azure.net", ("safe", False)),
        (" HTTPS://SAFE.VAULT.AZURE.NET:443/keys/cmk ", ("safe", False)),
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
        ("", None),
        (None, None),
    ],
)
def test_names_of_vaults(uri: str | None, name: tuple[str, bool] | None) -> None:
    """P10: an invalid name must not be requested; the form of names is the same in all clouds."""
    assert vault_name(uri) == name
