"""`| drop a, b="c"` and `| keep a, b="c"`."""

from collections.abc import Callable, Mapping

from sigyn.engine.interpreter.entry import ERROR, ERROR_DETAILS, Processed, Run
from sigyn.engine.interpreter.selectors import compile_match
from sigyn.languages.logql import ast

_ERRORS = {ERROR, ERROR_DETAILS}


def compile_drop(stage: ast.Drop) -> Run:
    """Remove the labels that are named, those with a matcher only when their value satisfies it."""
    chosen = _compile_choices(stage.choices)

    def run(entry: Processed) -> bool:
        for name, matches in chosen:
            value = entry.get(name)
            if value is not None and matches(value):
                entry.discard((name,))
        return True

    return run


def compile_keep(stage: ast.Keep) -> Run:
    """Remove all labels but those that are named (and satisfy their matcher); errors stay in any case."""
    chosen = _compile_choices(stage.choices)
    tests: dict[str, list[Callable[[str], bool]]] = {}
    for name, matches in chosen:
        tests.setdefault(name, []).append(matches)

    def kept(labels: Mapping[str, str]) -> dict[str, str]:
        return {
            name: value
            for name, value in labels.items()
            if name in _ERRORS or any(matches(value) for matches in tests.get(name, ()))
        }

    def run(entry: Processed) -> bool:
        entry.stream, entry.metadata, entry.parsed = kept(entry.stream), kept(entry.metadata), kept(entry.parsed)
        return True

    return run


def _compile_choices(choices: tuple[ast.LabelChoice, ...]) -> list[tuple[str, Callable[[str], bool]]]:
    return [
        (choice.name, compile_match(choice.matcher.operator, choice.matcher.value) if choice.matcher else _any)
        for choice in choices
    ]


def _any(_: str) -> bool:
    return True
