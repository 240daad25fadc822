"""The controls of security frameworks that a finding answers, each with the source of the mapping.

Source of ``_MICROSOFT``: the regulatory initiatives in the public repository Azure/azure-policy,
commit f4a50bac of 29 April 2026, which contain the built-in policy for customer-managed keys of
Azure AI services. Source of ``_BY_ANALOGY``: the compliance files of the scanner Prowler 5.46.0,
which map its checks for customer-managed keys of other Azure services (storage, disks, SQL) to
these controls; they map no check for AI services to any control.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cmk_check.core.enums import ControlMapping

CAUTION: Final = (
    "A control usually requires more than a customer-managed key: an account that has one does not "
    "prove that the control is met."
)


@dataclass(frozen=True, slots=True)
class Control:
    """A control of a framework; ``initiative`` is the id of Microsoft's initiative that names it.

    ``version`` is that of the initiative as it was read, None where it is not known.
    """

    framework: str
    control: str
    mapping: ControlMapping
    initiative: str | None = None
    version: str | None = None


# Framework, id and version of the initiative: the controls.
_MICROSOFT: Final[Mapping[tuple[str, str, str | None], tuple[str, ...]]] = {
    ("Microsoft cloud security benchmark", "1f3afdf9-d0c9-4c3d-847f-89da613e70a8", "57.56.0"): (
        "DP-5",
    ),
    (
        "Microsoft cloud security benchmark v2 (preview)",
        "e3ec7e09-768c-4b64-882c-fcada3772047",
        "1.3.0-preview",
    ): ("DP-5",),
    ("NIST SP 800-53 Rev. 5", "179d1daa-458f-4e47-8086-2a68d0d6c38f", "14.19.0"): ("SC-12",),
    ("NIST SP 800-53 Rev. 4", "cf25b9c1-bd23-4eb6-bd2c-f4f3ac644a5f", "17.19.0"): ("SC-12",),
    ("NIST SP 800-171 Rev. 2", "03055927-78bd-4236-86c0-f36125a10dc9", "15.22.0"): ("3.13.10",),
    ("FedRAMP High", "d5264498-16f4-418a-b659-fa7ef418175f", "17.20.0"): ("SC-12",),
    ("FedRAMP Moderate", "e95f5a9f-57ad-4d03-bb0b-b1d16db93693", "17.19.0"): ("SC-12",),
    ("DoD Impact Level 4", "8d792a84-723c-4d92-a3c3-e4ed16a2d133", None): ("SC-12",),
    ("DoD Impact Level 5", "f9a961fa-3241-4b20-adc4-bbf8ad9d7197", None): ("SC-12",),
    ("CMMC 2.0 Level 2", "4e50fd13-098b-3206-61d6-d1d78205cb45", None): ("SC.L2-3.13.10",),
    ("CMMC Level 3", "b5629c75-5c77-4422-87b9-2509e680f8de", None): ("SC.3.177",),
    ("SOC 2 Type 2", "4054785f-702b-4a98-9215-009cbd58b141", "1.12.0"): ("CC6.1",),
    ("DORA (EU) 2022/2554", "f9c0485f-da8e-43b5-961e-58ebd54b907c", "1.5.0"): ("9.3b", "9.3c"),
    ("GDPR (EU) 2016/679", "7326812a-86a4-40c8-af7c-8945de9c4913", "1.7.0"): (
        "Art. 24",
        "Art. 25",
        "Art. 28",
        "Art. 32",
    ),
    ("RBI IT Framework for Banks v2016", "d0d5578d-cc08-2b22-31e3-f525374f235a", "1.20.0"): (
        "13.4",
        "21.1",
    ),
    ("NL BIO Cloud Theme", "6ce73208-883e-490f-a2ac-44aac3b3687f", None): ("U.05.2", "U.11.3"),
    ("NL BIO Cloud Theme V2", "d8b2ffbe-c6a8-4622-965d-4ade11d1d2ee", None): ("U.05.2", "U.11.3"),
    ("New Zealand ISM", "4f5b1359-4f8e-4d7c-9733-ea47fcde891e", "1.10.0"): ("23.4.9.C.01",),
    ("K-ISMS-P 2023", "e0782c37-30da-4a78-9f92-50bfe7aa2553", "1.7.0"): (
        "2.7.1b",
        "2.7.2",
        "2.10.1",
        "2.10.2",
        "3.4.3",
    ),
}
_BY_ANALOGY: Final = (
    ("ISO/IEC 27001:2022", "A.8.24"),
    ("HIPAA Security Rule", "164.312(a)(2)(iv)"),
    ("BSI C5", "CRY-06.01B"),
    ("FINOS Common Cloud Controls", "CCC.Core.CN11.AR03"),
)

CONTROLS: Final = (
    *(
        Control(framework, control, ControlMapping.MICROSOFT, initiative, version)
        for (framework, initiative, version), controls in _MICROSOFT.items()
        for control in controls
    ),
    *(Control(*names, ControlMapping.BY_ANALOGY) for names in _BY_ANALOGY),
)
