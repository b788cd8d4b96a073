"""What is wrong with an agent's configuration."""

from sigyn.model.errors import SigynError


class ConfigurationError(SigynError):
    """A configuration that Promtail would refuse, or that asks for what the agent does not have.

    `line` counts from 1; 0 when no line of the file is at fault.
    """

    def __init__(self, message: str, *, line: int = 0) -> None:
        super().__init__(f"line {line}: {message}" if line else message)
        self.line = line
