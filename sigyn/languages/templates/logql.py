"""The templates of LogQL's line_format and label_format.

Sources: Loki's documentation of its template functions, and for those that come from sprig that
library's.
"""

import json
import math
from collections.abc import Mapping
from functools import lru_cache
from typing import NoReturn

from sigyn.languages.templates.limits import MAXIMUM_TEXT
from sigyn.languages.templates.number_functions import NUMBER_FUNCTIONS
from sigyn.languages.templates.regex_functions import REGEX_FUNCTIONS
from sigyn.languages.templates.template import Field, Part, Template, compile_template
from sigyn.languages.templates.text_functions import TEXT_FUNCTIONS
from sigyn.languages.templates.time_functions import time_functions
from sigyn.languages.templates.times import Time
from sigyn.languages.templates.values import Function, StringMap, from_utf8, to_utf8
from sigyn.model.time import Clock, system_clock


def _reject(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


def _number(text: str) -> float | None:
    """A number as float64; nil when it is too large for one."""
    value = float(text)
    return value if math.isfinite(value) else None


_decoder = json.JSONDecoder(parse_int=_number, parse_float=_number, parse_constant=_reject)


def _from_json(text: str) -> object:
    """What the JSON text holds, all numbers as float64; nil when it is none."""
    try:
        value: object = _decoder.decode(text)
    except (ValueError, RecursionError):
        return None
    return _without_surrogates(value) if "\\ud" in text or "\\uD" in text else value


def _without_surrogates(value: object) -> object:
    """Go's strings have no halves of surrogate pairs; it reads them as U+FFFD."""
    if isinstance(value, str):
        return from_utf8(to_utf8(value))
    if isinstance(value, list):
        return [_without_surrogates(each) for each in value]
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(each) for key, each in value.items()}
    return value


Entry = tuple[str, int]
"""Line and timestamp (ns) of the entry that a template is executed for: the context of its functions."""


LINE = "__line__"
"""The function that gives the line."""

_OF_THE_TIME = frozenset(("__timestamp__", "now"))


def _line(entry: Entry) -> str:
    return entry[0]


def _timestamp(entry: Entry) -> Time:
    return Time(entry[1])


@lru_cache(maxsize=4)
def logql_functions(clock: Clock = system_clock) -> Mapping[str, Function]:
    """The functions that line_format and label_format add to Go's; `now` asks `clock`.

    `__line__` and `__timestamp__` want an Entry as the context of the execution.
    """
    return {
        **TEXT_FUNCTIONS,
        **REGEX_FUNCTIONS,
        **NUMBER_FUNCTIONS,
        **time_functions(clock),
        "fromJson": Function(_from_json, ("string",)),
        LINE: Function(_line, contextual=True),
        "__timestamp__": Function(_timestamp, contextual=True),
    }


class LineTemplate:
    """A template of line_format or label_format, compiled once."""

    __slots__ = ("_empty", "_fields", "_parts", "_pattern", "_template")

    def __init__(self, template: Template) -> None:
        self._template = template
        self._parts = self._template.parts()
        self._pattern = ""
        self._fields: tuple[str, ...] = ()
        self._empty: tuple[str, ...] = ()
        if self._parts is not None:
            self._fields = tuple(part.name for part in self._parts if isinstance(part, Field))
            self._empty = ("",) * len(self._fields)
            self._pattern = "".join(
                "%s" if isinstance(part, Field) else part.replace("%", "%%") for part in self._parts
            )

    def parts(self) -> tuple[Part, ...] | None:
        """Texts and fields in order, when the template is nothing else than those; else None."""
        return self._parts

    @property
    def inputs(self) -> frozenset[str] | None:
        """The labels that the text depends on, and LINE for the line; None when it depends on more."""
        inputs = self._template.inputs
        if inputs is None or inputs.functions & _OF_THE_TIME or LINE in inputs.fields:
            return None
        return inputs.fields | (inputs.functions & {LINE})

    def execute(self, labels: Mapping[str, str], line: str, timestamp: int) -> str:
        """The text for an entry with these labels; a missing label is the empty text.

        `timestamp` is in ns. Raises TemplateError, for which Loki keeps the line and sets
        `__error__="TemplateFormatErr"`.
        """
        if self._parts is not None:
            # Most templates are this plain, and run for every line.
            text = self._pattern % tuple(map(labels.get, self._fields, self._empty))
            if len(text) <= MAXIMUM_TEXT:
                return text
        dot = labels if type(labels) is StringMap else StringMap(labels)
        return self._template.execute(dot, (line, timestamp))


def compile_line_template(text: str, name: str = "line", clock: Clock = system_clock) -> LineTemplate:
    """Compile a template of line_format or label_format; `name` is what its errors call it.

    Raises TemplateError with Go's words, such as `template: line:1: unclosed action`.
    """
    return LineTemplate(compile_template(text, logql_functions(clock), name=name))
