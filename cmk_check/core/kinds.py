"""The kinds of Azure AI services accounts, which Azure compares case-insensitively."""

from collections.abc import Mapping
from typing import Final

AZURE_OPENAI: Final = ("OpenAI", "AIServices")
"""The kinds of Azure OpenAI and Microsoft Foundry, for which the program is made."""

KINDS: Final = (
    *AZURE_OPENAI,
    *("Academic", "AnomalyDetector", "Bing.Autosuggest", "Bing.Autosuggest.v7"),
    *("Bing.CustomSearch", "Bing.EntitySearch", "Bing.Search", "Bing.Search.v7", "Bing.Speech"),
    *("Bing.SpellCheck", "Bing.SpellCheck.v7", "CognitiveServices", "ComputerVision"),
    *("ContentModerator", "ContentSafety", "ConversationalLanguageUnderstanding", "CustomSpeech"),
    *("CustomVision.Prediction", "CustomVision.Training", "Emotion", "Face", "FormRecognizer"),
    *("HealthDecisionSupport", "HealthInsights", "ImmersiveReader", "Internal.AllInOne"),
    *("knowledge", "LanguageAuthoring", "LUIS", "LUIS.Authoring", "MetricsAdvisor", "Personalizer"),
    *("QnAMaker", "QnAMaker.v2", "Recommendations", "SpeakerRecognition", "Speech"),
    *("SpeechServices", "SpeechTranslation", "TextAnalytics", "TextTranslation"),
    *("TranscriptionIntelligence", "WebLM"),
)
"""All kinds that Microsoft documents, including those that can no longer be created.

No document of Azure lists them; ``az cognitiveservices account list-kinds`` queries the service.
These are the kinds of Azure Verified Modules (avm/res/cognitive-services/account, parameter kind),
of the provider azurerm for Terraform (cognitive_account), and of the built-in policy's parameter
excludedKinds, as read on 29 November 2026.
"""

_SPELLED: Final = {kind.lower(): kind for kind in KINDS}
_OF_AZURE_OPENAI: Final = {kind.lower(): kind for kind in AZURE_OPENAI}


def is_known(kind: str) -> bool:
    """Return whether Azure has this kind, case-insensitively."""
    return kind.lower() in _SPELLED


def of_azure_openai(kind: str) -> str | None:
    """Return an Azure OpenAI or Microsoft Foundry kind in Azure's spelling, None for others."""
    return _OF_AZURE_OPENAI.get(kind.lower())


def left_out(ignored_by_kind: Mapping[str, int]) -> dict[str, int]:
    """Count the accounts of Azure OpenAI and Microsoft Foundry that are not judged, by kind."""
    counts: dict[str, int] = {}
    for kind, number in sorted(ignored_by_kind.items()):
        if spelled := of_azure_openai(kind):
            counts[spelled] = counts.get(spelled, 0) + number
    return dict(sorted(counts.items()))
