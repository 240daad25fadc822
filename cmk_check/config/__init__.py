"""The settings: everything that the environment may say to this program."""
