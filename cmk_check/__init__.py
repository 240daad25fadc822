"""Tells, continuously and with evidence, which Azure OpenAI accounts are not under a CMK."""
