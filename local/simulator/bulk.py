"""The bulk of a large account, which no program reads: rate limits, endpoints, capabilities.

A real Microsoft Foundry account is 41 KB of JSON, and three quarters of it are rate limits. They
are here because they cost time and memory. The names are invented in the style of the real ones.
"""

from itertools import product
from typing import Final

from local.simulator.messages import encode

_SERVICES: Final = (
    "accessibility",
    "contentmoderation",
    "contentsafety",
    "documentintelligence",
    "facerecognition",
    "formrecognition",
    "imageanalysis",
    "languageunderstanding",
    "openai",
    "questionanswering",
    "speakerrecognition",
    "speechtotext",
    "textanalysis",
    "texttospeech",
    "translation",
    "videoindexing",
)
_OPERATIONS: Final = (
    ("jobs.get", "GET"),
    ("jobs.post", "POST"),
    ("jobs.delete", "DELETE"),
    ("models.get", "GET"),
    ("models.update", "PATCH"),
    ("projects.get", "GET"),
    ("projects.post", "POST"),
    ("default", "*"),
)
_CAPABILITIES: Final = (
    {"name": "VirtualNetworks"},
    {"name": "CustomerManagedKey"},
    {
        "name": "TrustedServices",
        "value": "Microsoft.CognitiveServices,Microsoft.MachineLearningServices,Microsoft.Search",
    },
)


def _rule(service: str, operation: str, method: str) -> dict[str, object]:
    path = f"{service}/{operation.replace('.', '/')}"
    endings = ("/*", ":submitAsync", ":batchSubmission") if method in ("GET", "POST") else ("/*",)
    return {
        "key": f"{service}.{operation}",
        "renewalPeriod": 60,
        "count": 1000,
        "dynamicThrottlingEnabled": False,
        "matchPatterns": [{"path": path + ending, "method": method} for ending in endings],
    }


_BIG_RULES: Final = tuple(
    _rule(service, operation, method)
    for service, (operation, method) in product(_SERVICES, _OPERATIONS)
)
_SMALL_RULES: Final = tuple(
    {
        "key": key,
        "renewalPeriod": 1,
        "count": 30,
        "dynamicThrottlingEnabled": False,
        "matchPatterns": [{"path": path, "method": "*"}],
    }
    for key, path in (("openai", "openai/*"), ("default", "*"))
)


def rate_limit(*, big: bool) -> dict[str, object]:
    """Return ``properties.callRateLimit``."""
    return {"rules": list(_BIG_RULES if big else _SMALL_RULES)}


ENCODED_RATE_LIMIT: Final = {big: encode(rate_limit(big=big)) for big in (False, True)}


def capabilities(*, big: bool) -> list[dict[str, str]]:
    """Return ``properties.capabilities``; every account can use a customer-managed key."""
    limits = 24 if big else 6
    return [
        *_CAPABILITIES,
        *(
            {"name": f"Max{_SERVICES[n % 16].capitalize()}Count{n}", "value": f"{n * 100}"}
            for n in range(limits)
        ),
    ]


def endpoints(host: str, *, big: bool) -> dict[str, str]:
    """Return ``properties.endpoints`` of an account with this host name."""
    if not big:
        return {"OpenAI Language Model Instance API": f"https://{host}/"}
    titles = (
        f"{service.capitalize()} {kind}"
        for service, kind in product(_SERVICES, ("API", "Batch", "Container", "Studio"))
    )
    return {title: f"https://{host}/" for title, _ in zip(titles, range(59), strict=False)}
