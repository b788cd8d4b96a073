"""What SQL can't say exactly."""


class Unsupported(Exception):
    """The interpreter has to run this part of the query; the message says why."""
