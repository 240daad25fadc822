"""The sentences of the report that are the same for every estate, and how it looks."""

from collections.abc import Mapping
from typing import Final

from cmk_check.core.controls import CAUTION

TITLE: Final = "Customer-managed keys of Azure OpenAI accounts"
POSTURES: Final[Mapping[str, str]] = {
    "compliant": "Compliant: every account in scope is under a customer-managed key.",
    "compliant_with_exceptions": "Compliant with exceptions: every account that is not under a "
    "customer-managed key has an exemption that is honoured.",
    "non_compliant": "Not compliant.",
    "unknown": "Unknown: not everything that the answer needs is known.",
}
METHOD: Final = (
    (
        "cmk_check lists the subscriptions that its identity can see, and reads the accounts of "
        "each one from Azure Resource Manager. It changes nothing in Azure."
    ),
    (
        "Each account of a kind in scope is judged by one rule: it is compliant if its key source "
        "is Key Vault and a key is named, and non-compliant if Microsoft's keys encrypt it. "
        "Whatever has another shape is unknown."
    ),
    (
        "The key of each compliant account is checked separately: whether it exists, is enabled, "
        "will not expire soon, and may be used by the account. This changes no verdict."
    ),
    (
        "A subscription that was not read completely is a gap. Its accounts keep their last known "
        "verdict, and the result is at best unknown."
    ),
)
NO_GROUP: Final = (
    "No management group was named: a subscription that the app's identity has never seen is "
    "missing here without notice, unless the app knows how many there must be."
)
GROUP: Final = (
    "Every subscription below the management group {} had to be visible: one that was not is "
    "listed below. If the group could not be read, that is among the reasons above."
)
LIMITS: Final = (
    CAUTION,
    (
        "The rule looks at the settings of an account. A customer-managed key does not cover "
        "everything that an account does; the last sentences say what Microsoft names."
    ),
    "Soft-deleted accounts are not in Azure's lists, and are not judged.",
    (
        "Times of changes are when a scan saw them. A violation that the first scan found may be "
        "as old as its account."
    ),
    "Names, tags and tickets are free text of whoever may write them in Azure.",
    (
        "The hashes in MANIFEST.json show that no file was changed since; only a signature shows "
        "who made them."
    ),
)
STYLE: Final = """
:root { color-scheme: light;
  font: 15px/1.45 system-ui, "Segoe UI", "Liberation Sans", sans-serif; }
body { color: #1b1f24; background: #fff; max-width: 62rem; margin: 0 auto; padding: 2rem 1.5rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; padding-bottom: .2rem;
  border-bottom: 2px solid #d0d7de; }
h3 { font-size: 1rem; margin: 1.4rem 0 .4rem; }
p, ul { margin: .5rem 0; } ul { padding-left: 1.3rem; } li { margin: .25rem 0; }
.of { color: #57606a; }
.result { border-left: .5rem solid; padding: .7rem 1rem; margin: 1.2rem 0; background: #f6f8fa; }
.result strong { font-size: 1.1rem; }
.compliant { border-color: #1a7f37; } .compliant_with_exceptions { border-color: #8250df; }
.non_compliant { border-color: #cf222e; } .unknown { border-color: #9a6700; }
table { border-collapse: collapse; width: 100%; margin: .6rem 0; font-size: .87rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .5rem; border: 1px solid #d0d7de;
  overflow-wrap: anywhere; }
th { background: #f6f8fa; overflow-wrap: normal; }
.whole { white-space: nowrap; }
.name { min-width: 7.5rem; }
@media (max-width: 45rem) { body { padding: 1rem; } th { overflow-wrap: anywhere; } }
.small { font-size: .85em; color: #57606a; }
@page { size: A4; margin: 16mm 14mm; }
@media print {
  :root { font-size: 10pt; } body { max-width: none; padding: 0; }
  h2, h3 { break-after: avoid; } tr, li { break-inside: avoid; }
  thead { display: table-header-group; }
  .result, th { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""
