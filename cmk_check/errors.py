"""What all errors have in common. Each is defined with those who raise it, or with its port."""


class CmkCheckError(Exception):
    """The root of the tree."""


class NotUsable(Exception):
    """The input or output cannot be used; ``str()`` says what is wrong and what to do."""
