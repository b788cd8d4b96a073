"""`| unwrap label`, `| unwrap duration(label)`, `| unwrap bytes(label)`."""

from collections.abc import Callable

from sigyn.engine.interpreter.entry import ERROR, Processed, Run
from sigyn.engine.interpreter.label_filters import compile_label_filter
from sigyn.languages.bytes import parse_bytes
from sigyn.languages.durations import parse_go_duration
from sigyn.languages.go_numbers import format_plain, parse_go_float
from sigyn.languages.logql import ast
from sigyn.model.errors import BadRequest
from sigyn.model.time import SECOND

EXTRACTION_ERROR = "SampleExtractionErr"


def _seconds(text: str) -> float:
    return parse_go_duration(text) / SECOND


def _bytes(text: str) -> float:
    return float(parse_bytes(text))


CONVERSIONS: dict[str, Callable[[str], float]] = {
    "": parse_go_float,
    "duration": _seconds,
    "duration_seconds": _seconds,
    "bytes": _bytes,
}


def compile_unwrap(unwrap: ast.Unwrap) -> Run:
    """Set the entry's value from a label; then run the filters that follow, which still see the label.

    An entry without the label, or with an empty one, is dropped. A text that can't be converted
    gives 0 and `__error__="SampleExtractionErr"`.
    """
    name, convert = unwrap.label, CONVERSIONS[unwrap.conversion]
    filters = [compile_label_filter(stage.predicate) for stage in unwrap.filters]

    def run(entry: Processed) -> bool:
        text = entry.get(name)
        if not text:
            return False
        try:
            entry.value = convert(text)
        except BadRequest as error:
            entry.value = 0.0
            entry.fail(EXTRACTION_ERROR, str(error))
        return all(keep(entry) for keep in filters)

    return run


def compile_number_stage(stage: ast.NumberStage) -> Run:
    """`| unwrap label` of a log query: the label becomes the number that it stands for, in plain digits."""
    unwrap = compile_unwrap(ast.Unwrap(stage.label, stage.conversion))
    name = stage.label

    def run(entry: Processed) -> bool:
        if not unwrap(entry):
            return False
        if stage.conversion and ERROR not in entry.parsed:
            entry.discard((name,))
            entry.parsed[name] = format_plain(entry.value)
        return True

    return run
