"""Random templates against an oracle that knows each value, and which of them stays open."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cmk_check.core.planned.account import judge_planned
from cmk_check.core.planned.arm_template import read_template

_KEY_VAULT = "Microsoft.KeyVault"
_NESTED = "Microsoft.Resources/deployments"


def _spelled(draw: st.DrawFn, template: dict[str, Any], given_: dict[str, Any], value: str) -> Any:  # noqa: ANN401
    """Spell a value as a literal, parameter, variable or function; say whether it is known."""
    name = f"p{len(template['parameters'])}"
    way = draw(st.sampled_from(("literal", "default", "given", "missing", "variable", "function")))
    template["parameters"][name] = {"defaultValue": value} if way == "default" else {}
    if way == "given":
        template["parameters"][name] = {"defaultValue": "other"}
        given_[name] = {"value": value}
    if way == "variable":
        template["variables"][name] = value
        return f"[variables('{name}')]", True
    spelled = {"literal": value, "function": f"[concat('{value}')]"}
    return spelled.get(way, f"[parameters('{name}')]"), way not in {"missing", "function"}


@st.composite
def _cases(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any], bool]:
    """Return a template, a parameters file, and whether the account has a key for sure."""
    template: dict[str, Any] = {"parameters": {}, "variables": {}, "resources": []}
    given_: dict[str, Any] = {}
    keys, is_ordered = [], draw(st.booleans())
    for number in range(draw(st.integers(1, 2))):
        source = draw(st.sampled_from((_KEY_VAULT, "Microsoft.CognitiveServices")))
        name = draw(st.sampled_from(("cmk", "", "no key")))
        said = [_spelled(draw, template, given_, each) for each in (source, name)]
        keys.append((source, name) == (_KEY_VAULT, "cmk") and said[0][1] and said[1][1])
        encryption = {"keySource": said[0][0], "keyVaultProperties": {"keyName": said[1][0]}}
        account = {"type": "Microsoft.CognitiveServices/accounts", "name": "a", "kind": "OpenAI"}
        inner = {"resources": [{**account, "properties": {"encryption": encryption}}]}
        needs = [f"[resourceId('{_NESTED}', 'd0')]"] if number and is_ordered else []
        deployment = {"type": _NESTED, "name": f"d{number}", "dependsOn": needs}
        template["resources"].append({**deployment, "properties": {"template": inner}})
    return template, given_, keys[-1] if is_ordered else all(keys)


@given(_cases())
def test_an_account_is_compliant_if_and_only_if_its_last_word_is_a_known_key(
    case: tuple[dict[str, Any], dict[str, Any], bool],
) -> None:
    """The worst bug is a green light for an account without a key (P1)."""
    template, given_, has_key = case

    (account,) = read_template(template, given_)

    judged = judge_planned(account, {"openai"})
    assert judged is not None
    assert (judged["verdict"] == "compliant") is has_key
