"""The kinds of Azure AI services accounts, which Azure compares case-insensitively."""

from collections.abc import Mapping
from typing import Final

AZURE_OPENAI: Final = ("OpenAI", "AIServices")
"""The kinds of Azure OpenAI and Microsoft Foundry, which are the purpose of this program."""

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

The list is not in Azure's documents; ``az cognitiveservices account list-kinds`` queries the
service. The list contains the kinds of Azure Verified Modules (avm/res/cognitive-services/account,
parameter kind), of the azurerm provider for Terraform (cognitive_account), and of the built-in
policy's parameter excludedKinds, as read on 29 November 2026.
"""

WITHOUT_CUSTOMER_KEYS: Final = (
    *("ComputerVision", "ConversationalLanguageUnderstanding", "HealthDecisionSupport"),
    *("HealthInsights", "ImmersiveReader", "Internal.AllInOne", "knowledge", "SpeechTranslation"),
    "TranscriptionIntelligence",
)
"""The kinds that Azure cannot encrypt with a customer-managed key, as far as documented.

Sources: the built-in policy 67121cc7-ff39-4ab8-b7e3-95b84dab487d (version 2.2.0 of 29 April 2026)
leaves these kinds out because they store no data in the service; ComputerVision is proposed for its
list (Azure/azure-policy, pull request 1586 of June 2026), and its accounts do not have the
capability ``CustomerManagedKey``. Six kinds of the policy's list are not here, because Microsoft
documents a key for them: AIServices, CognitiveServices and ContentSafety ("Services that support
customer managed keys", 15 May 2026), LUIS and LUIS.Authoring ("Language Understanding service
encryption of data at rest"), MetricsAdvisor ("Metrics Advisor service encryption of data at rest").
So is QnAMaker, whose successor is on the page of 15 May 2026.
"""

_SPELLED: Final = {kind.lower(): kind for kind in KINDS}
_WITHOUT_KEYS: Final = frozenset(kind.lower() for kind in WITHOUT_CUSTOMER_KEYS)
_OF_AZURE_OPENAI: Final = {kind.lower(): kind for kind in AZURE_OPENAI}


def is_known(kind: str) -> bool:
    """Return whether Azure offers accounts of this ``kind``, ignoring case."""
    return kind.lower() in _SPELLED


def has_customer_keys(kind: str | None) -> bool:
    """Return whether Azure might encrypt accounts of this kind with a customer-managed key."""
    return kind is None or kind.lower() not in _WITHOUT_KEYS


def get_azure_openai_kind(kind: str) -> str | None:
    """Return the kind in Azure's spelling if it is an Azure OpenAI or Microsoft Foundry kind."""
    return _OF_AZURE_OPENAI.get(kind.lower())


def count_left_out(ignored_by_kind: Mapping[str, int]) -> dict[str, int]:
    """Count, by kind, the Azure OpenAI and Microsoft Foundry accounts that are not judged."""
    counts: dict[str, int] = {}
    for kind, number in sorted(ignored_by_kind.items()):
        if spelled := get_azure_openai_kind(kind):
            counts[spelled] = counts.get(spelled, 0) + number
    return dict(sorted(counts.items()))
