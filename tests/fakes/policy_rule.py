"""A small second writing of Azure Policy's conditions, to try a policy's JSON on an account's JSON.

Source of what each condition means: Microsoft's page "Azure Policy definition structure: policy
rule". Texts are compared in any case. A field that is absent equals nothing, and is in no list.
"""

from collections.abc import Mapping
from typing import Any, Final

from local.simulator import load_estate

TYPE: Final = "Microsoft.CognitiveServices/accounts"
# The built-in policy 67121cc7-ff39-4ab8-b7e3-95b84dab487d of the public repository
# Azure/azure-policy: its version and the day of the commit, its conditions, and the default of its
# parameter.
VERSION: Final = "2.2.0"
_ALIASES: Final = f"{TYPE}/"
# Azure Policy assesses a resource if what the conditions say of these holds. Source: Microsoft's
# page "What is applicability in Azure Policy?".
_APPLICABLE: Final = {"type", "kind", "name"}


def accounts_of(estate: str) -> list[dict[str, Any]]:
    """Return the accounts of an estate as Azure lists them."""
    return [
        {"type": TYPE, **shown}
        for subscription in load_estate(estate).subscriptions
        for account in subscription.accounts.values()
        if isinstance(shown := account.document(), dict)
    ]


def effect_on(
    rule: Mapping[str, Any], account: Mapping[str, Any], parameters: object
) -> str | None:
    """Return the effect that a policy has on an account, or None if it has none."""
    effect = _value(rule["then"]["effect"], parameters)
    if effect == "Disabled" or not is_hit(rule["if"], account, parameters):
        return None
    return str(effect)


def is_hit(condition: Mapping[str, Any], account: Mapping[str, Any], parameters: object) -> bool:
    """Tell whether the ``if`` of a policy holds for an account, so that the effect applies."""
    match condition:
        case {"allOf": parts}:
            return all(is_hit(part, account, parameters) for part in parts)
        case {"anyOf": parts}:
            return any(is_hit(part, account, parameters) for part in parts)
        case {"not": part}:
            return not is_hit(part, account, parameters)
        case {"field": name, **test}:
            ((operator, expected),) = test.items()
            return _compare(operator, _field(name, account), _value(expected, parameters))
    message = f"This evaluator does not know the condition {condition}."
    raise ValueError(message)


def _compare(operator: str, value: object, expected: object) -> bool:
    match operator:
        case "equals":
            return _fold(value) == _fold(expected)
        case "notEquals":
            return _fold(value) != _fold(expected)
        case "in" if isinstance(expected, list):
            return _fold(value) in [_fold(each) for each in expected]
        case "notIn" if isinstance(expected, list):
            return _fold(value) not in [_fold(each) for each in expected]
    message = f"This evaluator does not know the operator {operator}."
    raise ValueError(message)


def _field(name: str, account: Mapping[str, Any]) -> object:
    if not name.startswith(_ALIASES):
        return account.get(name)
    value: object = account.get("properties")
    for part in name.removeprefix(_ALIASES).split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _value(expected: object, parameters: object) -> object:
    if isinstance(expected, str) and expected.startswith("[parameters('"):
        assert isinstance(parameters, dict)
        return parameters[expected.removeprefix("[parameters('").removesuffix("')]")]
    return expected


def _fold(value: object) -> object:
    return value.casefold() if isinstance(value, str) else value
