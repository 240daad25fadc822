"""The rule on Azure's raw JSON: only a named key in Key Vault is compliant."""

import json
import re
from collections.abc import Callable
from dataclasses import asdict
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmk_check.core.account import Account, Judgement, parse_account
from cmk_check.core.enums import Reason, Verdict
from cmk_check.core.rule import RULE_VERSION, judge, row_too_new

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None

ID: Final = (
    "/subscriptions/8d3c0000-0000-4000-8000-000000000001/resourceGroups/rg-ai"
    "/providers/Microsoft.CognitiveServices/accounts/chat"
)
KEY: Final[dict[str, Json]] = {
    "keyName": "cmk02",
    "keyVersion": "0d631adb5bd8416fb9ff92c7e47e60e5",
    "keyVaultUri": "https://aoai-cmk10.vault.azure.net/",
}
CASINGS: Final[dict[str, Callable[[str], str]]] = {
    "as documented": str,
    "lower": str.lower,
    "upper": str.upper,
    "swapped": str.swapcase,
}
VERDICTS: Final = {
    Reason.CUSTOMER_MANAGED_KEY: Verdict.COMPLIANT,
    Reason.NEVER_CONFIGURED: Verdict.NON_COMPLIANT,
    Reason.MICROSOFT_MANAGED_KEY: Verdict.NON_COMPLIANT,
    Reason.KEY_NOT_NAMED: Verdict.NON_COMPLIANT,
    Reason.UNRECOGNISED_KEY_SOURCE: Verdict.UNKNOWN,
    Reason.MALFORMED: Verdict.UNKNOWN,
}


def entry(**properties: Json) -> dict[str, Json]:
    """Return an account as a list of Azure holds it."""
    return {
        "id": ID,
        "kind": "OpenAI",
        "location": "westeurope",
        "identity": {"type": "SystemAssigned"},
        "properties": {"provisioningState": "Succeeded", **properties},
    }


def encrypted(source: Json, key: Json = None) -> dict[str, Json]:
    """Return an account with this key source and these key vault properties."""
    return entry(encryption={"keySource": source, "keyVaultProperties": key})


def without(name: str) -> dict[str, Json]:
    """Return an account encrypted with a customer-managed key that lacks a part."""
    return {
        key: value for key, value in encrypted("Microsoft.KeyVault", KEY).items() if key != name
    }


def judged(raw: object) -> Judgement:
    """Parse and judge, as a scan does."""
    account = parse_account(raw, frozenset())
    assert isinstance(account, Account)
    return judge(account)


def is_r1(raw: Json) -> bool:
    """Decide independently from the JSON whether an account is compliant."""
    match raw:
        case {
            "kind": str(),
            "properties": {
                "encryption": {
                    "keySource": str(source),
                    "keyVaultProperties": {"keyName": str(name)},
                }
            },
        }:
            named = re.fullmatch("[0-9a-zA-Z-]{1,127}", name)
            anyhow = re.IGNORECASE | re.ASCII
            return bool(named and re.fullmatch(r"microsoft\.keyvault", source, anyhow))
    return False


R6: Final[dict[str, dict[str, Json]]] = {
    "no kind": without("kind"),
    "no properties": without("properties"),
    "properties null": entry() | {"properties": None},
    "encryption a text": entry(encryption="Microsoft.KeyVault"),
    "key source a number": encrypted(1, KEY),
    "key a list": encrypted("Microsoft.KeyVault", [KEY]),
    "key a text": encrypted("Microsoft.CognitiveServices", "cmk02"),
    "key name a number": encrypted("Microsoft.KeyVault", {"keyName": 2}),
    "key name true": encrypted("Microsoft.CognitiveServices", {"keyName": True}),
}
R2: Final[dict[str, dict[str, Json]]] = {
    "never set, as Azure sends it": entry(),
    "encryption null": entry(encryption=None),
    "encryption empty": entry(encryption={}),
    "never finished": entry() | {"properties": {"provisioningState": "Failed"}},
    "key source null": encrypted(None),
    "key source empty": encrypted(""),
    "blank key, source absent": entry(encryption={"keyVaultProperties": {"keyName": " \u200b"}}),
}
R5: Final[dict[str, dict[str, Json]]] = {
    "key named, source absent": entry(encryption={"keyVaultProperties": KEY}),
    "key named, source empty": encrypted("", KEY),
    "new source": encrypted("Microsoft.ManagedHsm", KEY),
    "source longer than Microsoft's": encrypted("Microsoft.CognitiveServices.New", KEY),
    "source with a blank": encrypted("Microsoft.KeyVault ", KEY),
    # Azure ignores the case of ASCII letters; anything more would be a guess (P1).
    "long s": encrypted("Micro\u017foft.KeyVault", KEY),
    "kelvin sign": encrypted("Microsoft.\u212aeyVault", KEY),
    "zero width space": encrypted("MICROSOFT.KEYVAULT\u200b", KEY),
}
NAMELESS: Final[dict[str, Json]] = {
    "key absent": None,
    "key empty": {},
    "name empty": {**KEY, "keyName": ""},
    "name of blanks": {**KEY, "keyName": " \t\r\n"},
    "name of separators": {**KEY, "keyName": "\x1c\x85\u2028\u3000"},
    "name of invisible characters": {**KEY, "keyName": "\u200b\ufeff\u2060"},
    # A character that cleaning inserts must not turn an empty name into a name (P1).
    **{
        ascii(name): {"keyName": name}
        for name in ("\x00", "\x07\x1b", "\x9f", "\ud800", "\x00 \x00")
    },
}
NAMED: Final[dict[str, Json]] = {
    "system-assigned identity": KEY,
    "user-assigned identity": {**KEY, "identityClientId": "0f0e0000-0000-4000-8000-00000000000c"},
    "rotated, version absent": {"keyName": "cmk02", "keyVaultUri": KEY["keyVaultUri"]},
    "rotated, version empty": {**KEY, "keyVersion": ""},
    "managed HSM": {**KEY, "keyVaultUri": "https://hsm.managedhsm.azure.net"},
    "name alone": {"keyName": "cmk02"},
    "the longest name": {**KEY, "keyName": "-" + "9" * 126},
}
NO_NAMES: Final = {
    "Hangul filler": "\u3164",
    "blank of Braille": "\u2800",
    "path": "../x",
    "blank within": "a b",
    "line after the name": "cmk\n",
    "kelvin sign": "cm\u212a",
    "digits of another script": "\u0663",
    "one too many": "k" * 128,
}


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        *(pytest.param(raw, Reason.MALFORMED, id=f"R6 {name}") for name, raw in R6.items()),
        *(pytest.param(raw, Reason.NEVER_CONFIGURED, id=f"R2 {name}") for name, raw in R2.items()),
        *(
            pytest.param(raw, Reason.UNRECOGNISED_KEY_SOURCE, id=f"R5 {name}")
            for name, raw in R5.items()
        ),
    ],
)
def test_each_clause_gives_its_verdict(raw: Json, reason: Reason) -> None:
    """People read the rule's table, so the code must agree with it."""
    judgement = judged(raw)

    assert (judgement.verdict, judgement.reason) == (VERDICTS[reason], reason)
    has_way_out = re.search(r"\b(Set|Look at|update cmk_check)\b", judgement.message)
    assert has_way_out or judgement.verdict is not Verdict.UNKNOWN  # P11


# Microsoft's own policy passes R4. In R3, a name left over from before the switch back to
# Microsoft's key protects nothing.
BY_KEY: Final = {
    Reason.CUSTOMER_MANAGED_KEY: ("R1", "Microsoft.KeyVault", NAMED),
    Reason.MICROSOFT_MANAGED_KEY: ("R3", "Microsoft.CognitiveServices", NAMED | NAMELESS),
    Reason.KEY_NOT_NAMED: ("R4", "Microsoft.KeyVault", NAMELESS),
}


@pytest.mark.parametrize("cased", CASINGS.values(), ids=CASINGS)
@pytest.mark.parametrize(
    ("source", "key", "reason"),
    [
        pytest.param(source, key, reason, id=f"{clause} {name}")
        for reason, (clause, source, keys) in BY_KEY.items()
        for name, key in keys.items()
    ],
)
def test_a_named_key_in_key_vault_alone_is_compliant(
    source: str, key: Json, reason: Reason, cased: Callable[[str], str]
) -> None:
    """A monitor that never reports compliant is useless; automatic rotation is no defect."""
    judgement = judged(encrypted(cased(source), key) | {"kind": "AIServices"})

    assert (judgement.verdict, judgement.reason) == (VERDICTS[reason], reason)


@pytest.mark.parametrize("name", NO_NAMES.values(), ids=NO_NAMES)
@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("Microsoft.KeyVault", Reason.MALFORMED),
        ("Microsoft.CognitiveServices", Reason.MICROSOFT_MANAGED_KEY),
        (None, Reason.UNRECOGNISED_KEY_SOURCE),
    ],
)
def test_a_name_that_azure_refuses_names_no_key(
    name: str, source: str | None, reason: Reason
) -> None:
    """No key can have it; but Azure may allow it one day, so that it is no violation either."""
    judgement = judged(encrypted(source, {**KEY, "keyName": name}))

    assert (judgement.verdict, judgement.reason) == (VERDICTS[reason], reason)
    assert ("keyName" in judgement.message) is (reason is Reason.MALFORMED)


_TEXT: Final = st.text(st.characters(exclude_categories=["Cc"]), max_size=6)
_JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=6,
)
_PATHS: Final = [
    ("kind",),
    ("properties",),
    ("properties", "encryption"),
    ("properties", "encryption", "keySource"),
    ("properties", "encryption", "keyVaultProperties"),
    ("properties", "encryption", "keyVaultProperties", "keyName"),
    ("properties", "encryption", "keyVaultProperties", "keyVersion"),
    ("identity",),
    ("identity", "principalId"),
    ("identity", "userAssignedIdentities"),
    ("systemData",),
    ("tags",),
    ("location",),
]
_VALUES: Final = _JSON | st.sampled_from(
    ["Microsoft.KeyVault", "microsoft.keyvault", "Microsoft.CognitiveServices", "", " ", "cmk"]
)


def mutated(raw: dict[str, Json], path: tuple[str, ...], value: Json) -> dict[str, Json]:
    """Return a copy with the value at a path replaced, where the path still leads somewhere."""
    first, *rest = path
    if not rest:
        return raw | {first: value}
    inner = raw.get(first)
    return raw | {first: mutated(inner, tuple(rest), value)} if isinstance(inner, dict) else raw


@given(st.lists(st.tuples(st.sampled_from(_PATHS), _VALUES), max_size=3))
def test_nothing_but_r1_is_compliant(mutations: list[tuple[tuple[str, ...], Json]]) -> None:
    """No false green, whatever shape Azure's answer takes (P1), and none may raise (P7)."""
    raw = encrypted("Microsoft.KeyVault", KEY)
    for path, value in mutations:
        raw = mutated(raw, path, value)

    judgement = judged(raw)

    json.dumps(asdict(judgement), ensure_ascii=False).encode()
    if judgement.verdict is Verdict.COMPLIANT:
        assert is_r1(raw)
    elif is_r1(raw):
        assert judgement.reason is Reason.MALFORMED
        assert not str(raw["kind"]).strip()


@pytest.mark.parametrize(
    ("key", "version"),
    [
        (KEY, KEY["keyVersion"]),
        (NAMED["rotated, version absent"], "automatic"),
        (NAMED["rotated, version empty"], "automatic"),
        (NAMELESS["name empty"], None),
    ],
)
def test_the_evidence_says_how_the_key_is_rotated(key: Json, version: str | None) -> None:
    """A separate word for an omitted version distinguishes rotation from a missing key."""
    evidence = judged(encrypted("Microsoft.KeyVault", key)).evidence

    assert evidence.key_version == version


def test_a_row_of_a_newer_version_is_unknown_and_says_so() -> None:
    """A verdict in an unknown shape must not be repeated (P1)."""
    judgement = row_too_new()

    assert (judgement.verdict, judgement.reason) == (Verdict.UNKNOWN, Reason.ROW_TOO_NEW)
    assert "Deploy" in judgement.message
    assert RULE_VERSION == "1"
