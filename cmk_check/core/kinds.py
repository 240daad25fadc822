"""The kinds of accounts that Azure has; it compares them case-insensitively."""

from collections.abc import Mapping
from typing import Final

AZURE_OPENAI: Final = ("OpenAI", "AIServices")
"""Those of Azure OpenAI and Microsoft Foundry, which the program is for."""

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
"""All that Microsoft documents, also those that can no longer be created.

Azure has no list in its documents: ``az cognitiveservices account list-kinds`` asks the service.
These are the kinds of Azure Verified Modules (avm/res/cognitive-services/account, parameter kind),
of the provider azurerm for Terraform (cognitive_account), and of the built-in policy's parameter
excludedKinds, as read on 29 November 2026.
"""

_SPELLED: Final = {kind.lower(): kind for kind in KINDS}
_OF_AZURE_OPENAI: Final = {kind.lower(): kind for kind in AZURE_OPENAI}


def is_known(kind: str) -> bool:
    """Tell a kind that Azure has, in any case."""
    return kind.lower() in _SPELLED


def of_azure_openai(kind: str) -> str | None:
    """Return a kind of Azure OpenAI or Microsoft Foundry in Azure's spelling, None for another."""
    return _OF_AZURE_OPENAI.get(kind.lower())


def left_out(ignored_by_kind: Mapping[str, int]) -> dict[str, int]:
    """Count those of Azure OpenAI and Microsoft Foundry among accounts that are not judged."""
    counts: dict[str, int] = {}
    for kind, number in sorted(ignored_by_kind.items()):
        if spelled := of_azure_openai(kind):
            counts[spelled] = counts.get(spelled, 0) + number
    return dict(sorted(counts.items()))
