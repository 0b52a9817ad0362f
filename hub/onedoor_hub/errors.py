"""The base of every error that a user of the hub can mend."""


class HubError(Exception):
    """Its text is one line: what was wrong, where, and what to do. Commands print it as it is."""
