"""The base class of the errors, which are defined in the modules that raise them or in ports."""


class CmkCheckError(Exception):
    """The base class of the program's errors."""


class NotUsable(Exception):
    """The input or output is unusable; ``str()`` says why and what to do."""
