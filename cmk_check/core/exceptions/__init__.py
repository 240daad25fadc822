"""Exemptions of Azure Policy, judged, and what is announced of them."""
