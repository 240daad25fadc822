"""Describe Azure Storage errors without their messages and URLs, which may contain signatures."""


def get_code(error: Exception) -> str:
    """Return the storage service's code for an error, or "" without a code."""
    code = getattr(error, "error_code", None)
    text = str(getattr(code, "value", code) or "")
    return text if text.isalnum() and text.isascii() else ""


def describe(name: str, error: Exception) -> str:
    """Describe an error from a table or queue by the error's status and code."""
    status = getattr(error, "status_code", None) or ""
    return f"{name}: {status} {get_code(error) or type(error).__name__}"


def describe_refusal(name: str, error: Exception, role: str) -> str:
    """Describe a refusal by a table or queue, and the ``role`` that is needed."""
    return (
        f"{describe(name, error)}: grant the app's identity the role {role} on the storage "
        "account, and check that the account's firewall allows the app"
    )
