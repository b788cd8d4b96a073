"""The templates of LogQL's line_format and label_format.

Sources: Loki's documentation of its template functions, and for those that come from sprig that
library's.
"""

import json
from collections.abc import Mapping
from typing import NoReturn

from sigyn.languages.templates.limits import MAXIMUM_TEXT
from sigyn.languages.templates.number_functions import NUMBER_FUNCTIONS
from sigyn.languages.templates.regex_functions import REGEX_FUNCTIONS
from sigyn.languages.templates.template import Field, Part, compile_template
from sigyn.languages.templates.text_functions import TEXT_FUNCTIONS
from sigyn.languages.templates.time_functions import TIME_FUNCTIONS
from sigyn.languages.templates.times import Time
from sigyn.languages.templates.values import Function, StringMap


def _reject(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


_decoder = json.JSONDecoder(parse_int=float, parse_constant=_reject)


def _from_json(text: str) -> object:
    """What the JSON text holds, all numbers as float64; nil when it is none."""
    try:
        return _decoder.decode(text.strip(" \t\r\n"))
    except (ValueError, RecursionError):
        return None


Entry = tuple[str, int]
"""Line and timestamp (ns) of the entry that a template is executed for: the context of its functions."""


def _line(entry: Entry) -> str:
    return entry[0]


def _timestamp(entry: Entry) -> Time:
    return Time(entry[1])


_FUNCTIONS: Mapping[str, Function] = {
    **TEXT_FUNCTIONS,
    **REGEX_FUNCTIONS,
    **NUMBER_FUNCTIONS,
    **TIME_FUNCTIONS,
    "fromJson": Function(_from_json, ("string",)),
    "__line__": Function(_line, contextual=True),
    "__timestamp__": Function(_timestamp, contextual=True),
}


def logql_functions() -> Mapping[str, Function]:
    """The functions that line_format and label_format add to Go's.

    `__line__` and `__timestamp__` want an Entry as the context of the execution.
    """
    return _FUNCTIONS


class LineTemplate:
    """A template of line_format or label_format, compiled once."""

    __slots__ = ("_empty", "_fields", "_parts", "_pattern", "_template")

    def __init__(self, text: str, name: str) -> None:
        self._template = compile_template(text, _FUNCTIONS, name=name)
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


def compile_line_template(text: str, name: str = "line") -> LineTemplate:
    """Compile a template of line_format or label_format; `name` is what its errors call it.

    Raises TemplateError with Go's words, such as `template: line:1: unclosed action`.
    """
    return LineTemplate(text, name)
