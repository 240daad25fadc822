"""An entry of any shape becomes an account, with its owner."""

from dataclasses import replace
from typing import Any, Final

import pytest

from cmk_check.core.account import Account, UserIdentity, parse_account
from cmk_check.core.owner import UNOWNED, Owner, choose_owner, find_owner
from cmk_check.limits import MAX_TAG_BYTES

TAGS = frozenset({"owner", "costcenter"})
ID = (
    "/subscriptions/8D3C0000-0000-4000-8000-000000000001/resourceGroups/rg-AI/providers/"
    "Microsoft.CognitiveServices/accounts/Chat"
)
KEY = {"keyName": "cmk", "keyVersion": "1", "keyVaultUri": "https://kv/", "identityClientId": "c"}
FULL: dict[str, Any] = {
    "id": ID,
    "kind": "OpenAI",
    "location": "westeurope",
    "tags": {"Owner": "ai", "CostCenter": "1", "other": "x"},
    "identity": {"type": "SystemAssigned"},
    "properties": {
        "provisioningState": "Succeeded",
        "encryption": {"keySource": "Microsoft.KeyVault", "keyVaultProperties": KEY},
    },
    "systemData": {"createdBy": "someone@example.com", "createdAt": "2026-03-19T21:34:59.7475991Z"},
}


def parse(**changes: object) -> Account:
    """Parse the full entry with some parts changed."""
    account = parse_account({**FULL, **changes}, TAGS)
    assert account is not None
    return account


def test_full_entry_arrives_whole() -> None:
    """Identity is compared in lower case, names are kept for people."""
    account = parse()

    assert account == Account(
        id=account.id,
        kind="OpenAI",
        location="westeurope",
        tags={"owner": "ai", "costcenter": "1"},
        key_source="Microsoft.KeyVault",
        key_name="cmk",
        key_version="1",
        key_vault_uri="https://kv/",
        identity_type="SystemAssigned",
        identity_client_id="c",
        provisioning_state="Succeeded",
        created_at="2026-03-19T21:34:59Z",
    )
    assert (account.id.text, account.id.name) == (ID.lower(), "Chat")


@pytest.mark.parametrize("entry", [None, 7, {}, {"id": 7}, {"id": "/subscriptions/x"}])
def test_entry_without_usable_id_is_none(entry: object) -> None:
    """It could not be recorded."""
    assert parse_account(entry, TAGS) is None


_ENCRYPTION: Final = "properties.encryption"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"kind": None}, "The account has no kind."),
        ({"kind": " "}, "The account's kind is not a name."),
        ({"properties": None}, "The account has no properties."),
        ({"properties": {"encryption": "on"}}, f"{_ENCRYPTION} is not an object."),
        (
            {"properties": {"encryption": {"keySource": 1}}},
            f"{_ENCRYPTION}.keySource is not a string.",
        ),
    ],
)
def test_broken_part_is_named(changes: dict[str, object], sentence: str) -> None:
    """P11: the reason of an unknown account says what to check."""
    assert parse(**changes).malformed == sentence


def _key_setting(name: str, wrong: object) -> tuple[dict[str, object], str]:
    encryption = {"keyVaultProperties": {**KEY, name: wrong}}
    sentence = f"{_ENCRYPTION}.keyVaultProperties.{name} is not a string."
    return {"properties": {"encryption": encryption}}, sentence


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"identity": "on"}, "The account's identity is not an object."),
        ({"identity": {"type": 7}}, "identity.type is not a string."),
        ({"identity": {"principalId": {}}}, "identity.principalId is not a string."),
        _key_setting("keyVersion", 7),
        _key_setting("keyVaultUri", []),
        _key_setting("identityClientId", wrong=False),
    ],
)
def test_a_broken_part_that_concerns_the_key_alone_is_named(
    changes: dict[str, object], sentence: str
) -> None:
    """P1, P11: absent, it would mean another version or identity; the verdict stands."""
    account = parse(**changes)

    assert (account.malformed, account.malformed_key) == (None, sentence)


@pytest.mark.parametrize(
    ("identity", "principal_id"),
    [
        ({"type": "SystemAssigned", "principalId": " AB "}, "ab"),
        ({"type": "systemassigned,UserAssigned", "principalId": "ab"}, "ab"),
        ({"principalId": "ab"}, "ab"),
        ({"type": "UserAssigned", "principalId": "ab"}, None),
        ({"type": "SystemAssigned", "principalId": " "}, None),
    ],
)
def test_system_assigned_identity(identity: object, principal_id: str | None) -> None:
    """P1: an identity that was switched off uses no key."""
    account = parse(identity=identity)

    assert (account.principal_id, account.malformed_key) == (principal_id, None)


def test_user_assigned_identities_have_an_order_of_their_own() -> None:
    """P4: Azure's order varies, and two readings of the same account must not differ."""
    entries = {
        "/c": {"clientId": "CC", "principalId": "2"},
        "/d": {"clientId": "cc", "principalId": "1"},
        "/b": {"clientId": 7},
        "/a": None,
        "/e": {"clientId": "0A", "principalId": "3"},
        "/f": {"clientId": " ", "principalId": "PP"},
        "/g": {"clientId": "cc"},
    }

    account = parse(identity={"userAssignedIdentities": entries})

    assert account.user_identities == (
        UserIdentity(None, None),
        UserIdentity(None, "pp"),
        UserIdentity("0a", "3"),
        UserIdentity("cc", None),
        UserIdentity("cc", "1"),
        UserIdentity("cc", "2"),
    )


def test_of_tags_with_texts_as_values_the_first_spelling_counts() -> None:
    """One odd tag must not cost the owner's, and two readings must not differ."""
    assert parse(tags={"Owner": "a", "OWNER": "b", "costcenter": 7}).tags == {"owner": "a"}


def test_long_texts_are_cut() -> None:
    """P8: evidence is 8 KB at most, in any alphabet."""
    long = "ü" * 5_000
    user = {"clientId": long, "principalId": long}
    encryption = {"keySource": long, "keyVaultProperties": dict.fromkeys(KEY, long)}
    account = parse(
        kind=long,
        location=long,
        tags={"owner": long},
        identity={"type": f"SystemAssigned{long}", **user, "userAssignedIdentities": {"/a": user}},
        properties={"provisioningState": long, "encryption": encryption},
    )

    evidence = ("key_source", "key_name", "key_version", "key_vault_uri", "identity_type")
    sizes = dict.fromkeys((*evidence, "identity_client_id", "provisioning_state"), 1024)
    sizes |= dict.fromkeys(("kind", "location", "principal_id"), 128)
    assert {name: len(getattr(account, name).encode()) for name in sizes} == sizes
    assert len(account.tags["owner"].encode()) == 256
    assert account.user_identities == (UserIdentity("ü" * 64, "ü" * 64),)


def test_characters_that_cannot_be_stored_are_replaced() -> None:
    """P10: a lone surrogate stops an encoder, a NUL cuts a text."""
    account = parse(kind="Open\x00AI", location="\ud800west", tags={"owner": "\x1b[31m"})

    assert (account.kind, account.location) == ("Open\ufffdAI", "\ufffdwest")
    assert account.tags == {"owner": "\ufffd[31m"}


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("2026-03-19T21:34:59Z", "2026-03-19T21:34:59Z"),
        ("2026-03-19T21:34:59.747599+00:00", "2026-03-19T21:34:59Z"),
        ("2026-03-20T02:04:59.9+04:30", "2026-03-19T21:34:59Z"),
        ("2026-03-19T21:34:59", None),
        ("2026-13-19T21:34:59Z", None),
        ("0001-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("1970-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("2026-03-19T21:34:59Z" * 99, None),
        ("\ud800", None),
        (1774042499, None),
        (None, None),
    ],
)
def test_a_date_of_creation_that_is_none_costs_only_itself(
    written: object, kept: str | None
) -> None:
    """It is told in one way, whatever Azure and its command write, and no verdict waits for it."""
    account = parse(systemData={"createdAt": written})

    assert account == replace(parse(), created_at=kept)


OWNER_TAGS = ("owner", "contact", "team")


@pytest.mark.parametrize(
    ("tags", "owner"),
    [
        pytest.param({"owner": "a", "team": "b"}, "a", id="the first of the setting"),
        pytest.param({"team": "b", "CONTACT": "c"}, "c", id="in any case"),
        pytest.param({"owner": " \t", "team": "b"}, "b", id="blank is none"),
        pytest.param({"Owner": "a", "owner": "b"}, "a", id="twice"),
        pytest.param({"owner": None, "team": 7}, None, id="no texts"),
        pytest.param({"owners": "a"}, None, id="another tag"),
        pytest.param({"owner": " Legal "}, " Legal ", id="as it is spelled"),
        pytest.param({"owner": "a\x00b\ud800"}, "a\ufffdb\ufffd", id="no table holds it"),
        pytest.param({"owner": "x" * 10_000}, "x" * MAX_TAG_BYTES, id="10 KB"),
        pytest.param(["owner"], None, id="no object"),
        pytest.param(None, None, id="null"),
    ],
)
def test_the_first_tag_with_a_value_names_the_owner(tags: object, owner: str | None) -> None:
    """The spelling of tags varies, and the result must not."""
    assert find_owner(tags, OWNER_TAGS) == owner


def test_no_tag_is_looked_at_without_a_name() -> None:
    """With an empty setting nothing is kept: owners may be people."""
    assert find_owner({"owner": "a", "": "b"}, ()) is None


def test_the_account_says_more_than_its_subscription() -> None:
    """A subscription is often shared."""
    assert choose_owner("a", "b") == Owner("a", "account")
    assert choose_owner(None, "b") == Owner("b", "subscription")
    assert choose_owner(None, None) == UNOWNED
