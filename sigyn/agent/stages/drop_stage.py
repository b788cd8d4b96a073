"""`drop`: leaves entries out."""

from collections.abc import Callable
from dataclasses import dataclass

from sigyn.agent.config.units import Duration, Size
from sigyn.agent.entry import AgentEntry
from sigyn.agent.errors import ConfigurationError
from sigyn.agent.stages.expressions import compile_expression
from sigyn.agent.stages.stage import Stage, StageContext, kind
from sigyn.agent.stages.values import byte_length, to_text

_Test = Callable[[AgentEntry], bool]


@dataclass(frozen=True, slots=True)
class DropOptions:
    """All conditions that are given must hold. Several sources are joined by the separator."""

    source: tuple[str, ...] | str | None = None
    separator: str | None = None
    expression: str | None = None
    value: str | None = None
    older_than: Duration | None = None
    longer_than: Size | None = None
    drop_counter_reason: str | None = None


def _compile(options: DropOptions, context: StageContext) -> Stage:
    sources = (options.source,) if isinstance(options.source, str) else options.source or ()
    _check(options, sources)
    tests: list[_Test] = []
    if options.longer_than is not None:
        tests.append(_longer_than(options.longer_than))
    if options.older_than is not None:
        tests.append(_older_than(options.older_than, context))
    if options.expression is not None or sources:
        tests.append(_content(options, sources))
    dropped = context.metrics.dropped_lines(options.drop_counter_reason or "drop_stage")

    def run(entries: list[AgentEntry]) -> list[AgentEntry]:
        kept = [entry for entry in entries if not all(test(entry) for test in tests)]
        if len(kept) < len(entries):
            dropped(len(entries) - len(kept))
        return kept

    if len(tests) == 1:
        (test,) = tests

        def run_one(entries: list[AgentEntry]) -> list[AgentEntry]:
            kept = [entry for entry in entries if not test(entry)]
            if len(kept) < len(entries):
                dropped(len(entries) - len(kept))
            return kept

        return Stage(run_one)
    return Stage(run)


def _check(options: DropOptions, sources: tuple[str, ...]) -> None:
    if not sources and options.expression is None and options.older_than is None and options.longer_than is None:
        raise ConfigurationError(
            "drop stage config must contain at least one of `source`, `expression`, `older_than` or `longer_than`"
        )
    if options.value is not None and options.expression is not None:
        raise ConfigurationError("only one of `value` or `expression` can be given")
    if options.value is not None and not sources:
        raise ConfigurationError("`value` needs a `source`")
    if "" in sources:
        raise ConfigurationError("empty source")


def _longer_than(limit: int) -> _Test:
    def test(entry: AgentEntry) -> bool:
        # A character takes at most four bytes: most lines need no closer look.
        length = len(entry.line)
        return length > limit or (length * 4 > limit and byte_length(entry.line) > limit)

    return test


def _older_than(age: int, context: StageContext) -> _Test:
    clock = context.clock
    return lambda entry: entry.timestamp < clock() - age


def _content(options: DropOptions, sources: tuple[str, ...]) -> _Test:
    if options.expression is not None:
        matches = compile_expression(options.expression).matches
        if not sources:
            return lambda entry: matches(entry.line)
        text = _joined(sources, options.separator)
        return lambda entry: (found := text(entry)) is not None and matches(found)
    if options.value is not None:
        text = _joined(sources, options.separator)
        return lambda entry: text(entry) == options.value
    return lambda entry: any(source in entry.extracted for source in sources)


def _joined(sources: tuple[str, ...], separator: str | None) -> Callable[[AgentEntry], str | None]:
    """The text of the sources that an entry has; None when one of them is null and can't be tested."""
    between = ";" if separator is None else separator

    def text(entry: AgentEntry) -> str | None:
        found = [to_text(entry.extracted[source]) for source in sources if source in entry.extracted]
        if None in found:
            return None
        return between.join(each for each in found if each is not None)

    return text


KIND = kind("drop", DropOptions, _compile)
