"""The one error for a failed start; its text says what to do."""


class StartError(Exception):
    """The app or one of its settings is wrong; the message is for the person who started it."""
