"""`|= "text"`, `!= "text"`, `|~ "regex"`, `!~ "regex"`, `|> "pattern"`, `!> "pattern"` and `|= ip("...")`."""

import re
from collections.abc import Callable

from sigyn.engine.interpreter.addresses import compile_addresses
from sigyn.engine.interpreter.entry import Processed, Run
from sigyn.engine.interpreter.patterns import compile_line_pattern
from sigyn.languages.logql import ast
from sigyn.languages.regex import compile_regex

_PLAIN = re.compile(r"[\w\s\-/:;,@=<>\"'!#%&~`]*", re.ASCII)
"""Expressions that stand for themselves."""


def compile_line_filter(stage: ast.LineFilter) -> Run:
    """Keep lines in which any operand is found; for the negative operators, in which none is.

    Raises QueryError for an operand that is not an expression, a pattern or an address.
    """
    tests = [_compile_operand(stage.operator, operand) for operand in stage.operands]
    negative = stage.operator.startswith("!")
    if len(tests) == 1:
        (found,) = tests
        if negative:
            return lambda entry: not found(entry.line)
        return lambda entry: found(entry.line)

    def run(entry: Processed) -> bool:
        return any(found(entry.line) for found in tests) is not negative

    return run


def _compile_operand(operator: str, operand: ast.LineOperand) -> Callable[[str], bool]:
    text = operand.value
    if operand.ip:
        return compile_addresses(text)
    if operand.fold:
        folded = compile_regex(f"(?i){re.escape(text)}").search
        return lambda line: folded(line) is not None
    match operator:
        case "|=" | "!=":
            return lambda line: text in line
        case "|~" | "!~":
            if _PLAIN.fullmatch(text):
                return lambda line: text in line
            search = compile_regex(text).search
            return lambda line: search(line) is not None
        case _:
            return compile_line_pattern(text)
