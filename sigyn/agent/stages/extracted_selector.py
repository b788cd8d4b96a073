"""The `match` of a metric: matchers over extracted data and labels, such as `level="error"`."""

from collections.abc import Callable

from sigyn.agent.entry import AgentEntry
from sigyn.agent.errors import ConfigurationError
from sigyn.agent.stages.expressions import without_surrogates
from sigyn.agent.stages.values import to_text
from sigyn.engine.interpreter.selectors import compile_match
from sigyn.languages.logql import parse_selector
from sigyn.model.errors import BadRequest


def compile_extracted_selector(text: str) -> Callable[[AgentEntry], bool]:
    """A test of entries; the braces may be left out. Raises ConfigurationError."""
    braced = text if text.lstrip().startswith("{") else f"{{{text}}}"
    try:
        selector = parse_selector(braced)
        tests = [(matcher.name, compile_match(matcher.operator, matcher.value)) for matcher in selector.matchers]
    except BadRequest as error:
        raise ConfigurationError(f"`match` of a metric: {error}") from None

    def matches(entry: AgentEntry) -> bool:
        for name, test in tests:
            value = to_text(entry.extracted.get(name))
            text = entry.labels.get(name, "") if value is None else value
            if not test(text if text.isascii() else without_surrogates(text)):
                return False
        return True

    return matches
