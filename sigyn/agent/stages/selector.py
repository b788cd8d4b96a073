"""The selectors of `match`: LogQL's matchers and filters, as a test of entries."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias, cast

from sigyn.agent.entry import AgentEntry
from sigyn.agent.errors import ConfigurationError
from sigyn.agent.stages.expressions import without_surrogates
from sigyn.engine.interpreter.line_filters import compile_line_filter
from sigyn.engine.interpreter.pipeline import Pipeline
from sigyn.engine.interpreter.selectors import compile_match
from sigyn.languages.logql import parse
from sigyn.languages.logql.ast import LineFilter, LogQuery, Selector, Stage
from sigyn.model.errors import BadRequest
from sigyn.model.labels import labels_of

Matches: TypeAlias = Callable[[AgentEntry], bool]

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


def compile_selector(text: str) -> Matches:
    """A test of entries: matchers on labels, then filters on the line. Raises ConfigurationError."""
    if "`" in _QUOTED.sub("", text):
        raise ConfigurationError("invalid selector syntax for match stage: write texts in double quotes, not in ` `")
    try:
        query = parse(text)
    except BadRequest as error:
        raise ConfigurationError(f"invalid selector syntax for match stage: {error}") from None
    if not isinstance(query, LogQuery):
        raise ConfigurationError("invalid selector syntax for match stage: a metric query is no selector")
    matches = compile_matchers(query.selector)
    if not query.stages:
        return _for_any_text(matches)
    try:
        passes = _compile_filters(query.stages)
    except BadRequest as error:
        raise ConfigurationError(f"invalid selector syntax for match stage: {error}") from None
    return _for_any_text(lambda entry: matches(entry) and passes(entry))


def _for_any_text(matches: Matches) -> Matches:
    """The same test for entries that hold bytes that are no UTF-8."""

    def test(entry: AgentEntry) -> bool:
        try:
            return matches(entry)
        except UnicodeEncodeError:
            labels = {name: without_surrogates(value) for name, value in entry.labels.items()}
            return matches(replace(entry, labels=labels, line=without_surrogates(entry.line)))

    return test


def _compile_filters(stages: Sequence[Stage]) -> Matches:
    filters = [stage for stage in stages if isinstance(stage, LineFilter)]
    if len(filters) == len(stages):
        # Line filters look at nothing but the line, which entries of the agent have as well.
        tests = [cast(Matches, compile_line_filter(stage)) for stage in filters]
        return tests[0] if len(tests) == 1 else lambda entry: all(test(entry) for test in tests)
    pipeline = Pipeline(stages)
    return lambda entry: pipeline.process(labels_of(entry.labels), entry.timestamp, entry.line) is not None


def compile_matchers(selector: Selector) -> Matches:
    """A test of labels; a missing label is the empty text."""
    tests = [(matcher.name, compile_match(matcher.operator, matcher.value)) for matcher in selector.matchers]
    if len(tests) == 1:
        ((name, test),) = tests
        return lambda entry: test(entry.labels.get(name, ""))
    return lambda entry: all(test(entry.labels.get(name, "")) for name, test in tests)
