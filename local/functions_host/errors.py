"""Why the host could not start: one error, whose text says what to do."""


class StartError(Exception):
    """The app or a setting of its is at fault; the message goes to the person who started it."""
