"""Judge exemptions of Azure Policy, and determine what to announce about them."""
