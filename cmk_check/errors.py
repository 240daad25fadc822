"""The base class of all errors, which are defined in ports or in the modules that raise them."""


class CmkCheckError(Exception):
    """The base class of the program's errors."""


class NotUsable(Exception):
    """The input or output is unusable; the error's text says why and what to do."""
