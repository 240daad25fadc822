"""Accounts of templates and plans, in the shape of Azure's answers, judged before they exist."""
