"""Regular expressions and selectors in the options of stages."""

from sigyn.agent.errors import ConfigurationError
from sigyn.languages.regex import Regex, RegexError, compile_regex


def compile_expression(pattern: str) -> Regex:
    """Compile an expression of RE2. Raises ConfigurationError."""
    try:
        return compile_regex(pattern)
    except RegexError as error:
        raise ConfigurationError(f"could not compile regular expression: {error}") from None
