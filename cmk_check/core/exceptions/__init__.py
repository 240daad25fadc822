"""Violations that somebody has accepted for a time: exemptions of Azure Policy, judged."""
