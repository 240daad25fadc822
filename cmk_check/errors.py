"""The root of the errors; each error is defined in the module that raises it, or with its port."""


class CmkCheckError(Exception):
    """The root of the tree."""


class NotUsable(Exception):
    """The input or output is unusable; ``str()`` says what is wrong and what to do."""
