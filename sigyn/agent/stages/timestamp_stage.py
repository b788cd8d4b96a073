"""`timestamp`: extracted data become the time of the entry."""

from dataclasses import dataclass
from typing import TypeAlias

from sigyn.agent.entry import AgentEntry
from sigyn.agent.errors import ConfigurationError
from sigyn.agent.stages.stage import Run, Stage, StageContext, kind, required
from sigyn.agent.stages.time_formats import Parse, compile_format
from sigyn.agent.stages.values import to_text

_STREAMS = 10_000
"""Label sets whose last time is remembered, as many as Promtail's."""

_Key: TypeAlias = frozenset[tuple[str, str]]
_Ordered: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class TimestampOptions:
    """`format` and the `fallback_formats` are tried in order.

    `formats` is a list that takes the place of both, as some configurations in the wild have it.
    """

    source: str = ""
    format: str = ""
    fallback_formats: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    location: str | None = None
    action_on_failure: str | None = None


def compile_timestamp(options: TimestampOptions, context: StageContext) -> Stage:
    """A stage that sets the time, and moves entries whose time can't be read behind the one before."""
    source = required(options.source, "timestamp source value is required if timestamp is specified")
    formats = [each for each in (options.format, *options.fallback_formats, *options.formats) if each]
    if not options.format and not options.formats:
        raise ConfigurationError("timestamp format is required")
    action = options.action_on_failure or "fudge"
    if action not in ("fudge", "skip"):
        raise ConfigurationError("invalid action on failure (supported values are [skip fudge])")
    parsers = [compile_format(each, options.location or "", context.clock) for each in formats]
    return Stage(_skip(source, parsers) if action == "skip" else _fudge(source, parsers))


def _read(value: object, parsers: list[Parse]) -> int | None:
    text = to_text(value)
    if text is not None:
        for parse in parsers:
            try:
                return parse(text)
            except ValueError:
                continue
    return None


def _skip(source: str, parsers: list[Parse]) -> Run:
    def run(entries: list[AgentEntry]) -> list[AgentEntry]:
        for entry in entries:
            time = _read(entry.extracted.get(source), parsers)
            if time is not None:
                entry.timestamp = time
        return entries

    return run


def _fudge(source: str, parsers: list[Parse]) -> Run:
    last: dict[_Key, int] = {}
    keys: dict[_Ordered, _Key] = {}  # labels in the order they come in, which is cheaper to look up
    first = parsers[0]

    def run(entries: list[AgentEntry]) -> list[AgentEntry]:
        for entry in entries:
            value = entry.extracted.get(source)
            time: int | None
            try:
                # Most times are texts in the first format.
                time = first(value) if type(value) is str else _read(value, parsers)
            except ValueError:
                time = _read(value, parsers[1:])
            ordered = tuple(entry.labels.items())
            key = keys.get(ordered)
            if key is None:
                key = keys[ordered] = frozenset(ordered)
            if time is None:
                time = last.get(key)
                if time is None:
                    continue
                time += 1
            entry.timestamp = time
            last[key] = time
        while len(last) > _STREAMS:
            del last[next(iter(last))]
        if len(keys) > _STREAMS:
            keys.clear()
        return entries

    return run


KIND = kind("timestamp", TimestampOptions, compile_timestamp)
