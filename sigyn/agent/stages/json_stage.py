"""`json`: fields of a JSON text into the extracted data."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, TypeAlias

import msgspec

from sigyn.agent.entry import AgentEntry
from sigyn.agent.errors import ConfigurationError
from sigyn.agent.stages.expressions import without_surrogates
from sigyn.agent.stages.go_json import encode_go_json
from sigyn.agent.stages.jmes import Evaluate, compile_path, first_name
from sigyn.agent.stages.stage import Stage, StageContext, kind
from sigyn.agent.stages.values import to_text

_Plan: TypeAlias = list[tuple[str, Evaluate]]
_decode_any = msgspec.json.Decoder(dict[str, Any] | None).decode


@dataclass(frozen=True, slots=True)
class JsonOptions:
    """`expressions` maps names to JMESPath expressions; an empty one is the name itself."""

    expressions: Mapping[str, str | None] = field(default_factory=dict)
    source: str | None = None
    drop_malformed: bool = False


def compile_json(options: JsonOptions, context: StageContext) -> Stage:
    """A stage that reads JSON. Raises ConfigurationError for an expression that is not JMESPath."""
    if not options.expressions:
        raise ConfigurationError("JMES expression is required")
    if options.source is not None and not options.source:
        raise ConfigurationError("empty source")
    expressions = {name: expression or name for name, expression in options.expressions.items()}
    plan = [(name, compile_path(expression)) for name, expression in expressions.items()]
    decode, names = _decoder(expressions)
    source = options.source
    drop = options.drop_malformed
    dropped = context.metrics.dropped_lines("malformed_json") if drop else None
    simple = _simple_names(expressions)

    def extract(entry: AgentEntry, text: str) -> bool:
        try:
            found = _read(text)
        except ValueError:
            return False
        extracted = entry.extracted
        for name, evaluate in plan:
            value = evaluate(found)
            extracted[name] = _as_text(value) if type(value) in _NESTED else value
        return True

    def run(entries: list[AgentEntry]) -> list[AgentEntry]:
        kept: list[AgentEntry] = []
        for entry in entries:
            text = entry.line
            if source is not None:
                if source not in entry.extracted:
                    kept.append(entry)
                    continue
                text = to_text(entry.extracted[source]) or ""
            if extract(entry, text) or dropped is None:
                kept.append(entry)
            else:
                dropped(1)
        return kept

    def run_simple(entries: list[AgentEntry]) -> list[AgentEntry]:
        # The fast path: fields at the top of the line, straight from a typed decoder that skips the others.
        assert simple is not None
        for entry in entries:
            line = entry.line
            # Lines that are no JSON are mostly so from their beginning: an exception costs ten times as much.
            if line[:1] != "{" and line.lstrip()[:1] not in _BEGINNINGS:
                continue
            try:
                found = decode(line)
            except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
                extract(entry, line)
                continue
            extracted = entry.extracted
            for name, value in zip(simple, names(found), strict=True):
                extracted[name] = _as_text(value) if type(value) in _NESTED else value
        return entries

    return Stage(run_simple if simple and source is None and not drop else run)


_HALF_PAIR = re.compile(
    r"(?<!\\)\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|"
    r"(?<!\\)(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)

_BEGINNINGS = frozenset("{n")  # of an object, or of null
_NESTED = frozenset((dict, list))


def _as_text(value: object) -> str | None:
    """A map or a list as JSON text; None when it is nested too deeply for that, or a number in it is too large."""
    try:
        return encode_go_json(value)
    except (RecursionError, OverflowError):
        return None


def _read(text: str) -> dict[str, Any]:
    """The object in `text`, empty for null. Raises ValueError."""
    if not text.isascii():
        text = without_surrogates(text)
    try:
        return _decode_any(text) or {}
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except msgspec.DecodeError as error:
        if "\\u" not in text:
            raise ValueError(str(error)) from None
    # Half a surrogate pair: Go reads U+FFFD, the decoder above refuses the text.
    return _decode_any(_HALF_PAIR.sub(r"\\ufffd", text)) or {}


def _simple_names(expressions: Mapping[str, str]) -> list[str] | None:
    if all(first_name(expression) is not None for expression in expressions.values()):
        return list(expressions)
    return None


def _decoder(expressions: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[Any], tuple[Any, ...]]]:
    """A decoder of only the fields that are wanted, and a function that gives their values in order."""
    wanted = [first_name(expression) or "" for expression in expressions.values()]
    unique = list(dict.fromkeys(wanted))
    fields_: list[tuple[str, Any, Any]] = [(f"field{index}", Any, None) for index in range(len(unique))]
    renamed = {f"field{index}": name for index, name in enumerate(unique)}
    struct = msgspec.defstruct("Fields", fields_, rename=renamed, gc=False)
    attributes = [f"field{unique.index(name)}" for name in wanted]
    return msgspec.json.Decoder(struct).decode, _getter(attributes)


def _getter(attributes: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    get = attrgetter(*attributes)
    if len(attributes) == 1:
        return lambda found: (get(found),)
    return get


KIND = kind("json", JsonOptions, compile_json)
