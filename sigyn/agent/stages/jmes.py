"""JMESPath expressions as functions: plain paths directly, everything else by the jmespath library."""

import re
from collections.abc import Callable
from typing import Any, TypeAlias

import jmespath

from sigyn.agent.errors import ConfigurationError

Evaluate: TypeAlias = Callable[[Any], Any]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_QUOTED_NAME = re.compile(r'"([^"\\]+)"')
_PLAIN_PATH = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")


def first_name(expression: str) -> str | None:
    """The field that an expression is, when it is nothing but one at the top; else None."""
    if _NAME.fullmatch(expression):
        return expression
    quoted = _QUOTED_NAME.fullmatch(expression)
    return quoted[1] if quoted else None


def compile_path(expression: str) -> Evaluate:
    """A function from decoded JSON to what the expression finds in it, None for nothing.

    Raises ConfigurationError.
    """
    name = first_name(expression)
    if name is not None:
        return lambda value: value.get(name)
    if _PLAIN_PATH.fullmatch(expression):
        return _compile_steps(expression.split("."))
    try:
        search = jmespath.compile(expression).search
    except jmespath.exceptions.JMESPathError as error:
        first, _, _ = str(error).partition("\n")
        raise ConfigurationError(f"could not compile JMES expression `{expression}`: {first}") from None

    def evaluate(value: Any) -> Any:
        try:
            return search(value)
        except (jmespath.exceptions.JMESPathError, TypeError, ArithmeticError, RecursionError):
            # A function or a comparison that does not fit the data; Promtail extracts nothing either.
            return None

    return evaluate


def _compile_steps(names: list[str]) -> Evaluate:
    def evaluate(value: Any) -> Any:
        for name in names:
            if type(value) is not dict:
                return None
            value = value.get(name)
        return value

    return evaluate
