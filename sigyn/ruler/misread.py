"""What is wrong with a rule's expression, with its places counted as in the file of the rule."""

import re

from sigyn.config.yaml_tree import Scalar
from sigyn.model.errors import ParseError
from sigyn.ruler.expression import parse_expression

_PLACE = re.compile(r"\bat line [0-9]+, col(?:umn)? [0-9]+")
_BEGINNING = re.compile(r"\Aparse error at line [0-9]+, col [0-9]+")


def misread(written: Scalar, error: ParseError) -> tuple[int, str]:
    """The line of the file that is at fault, 0 for none in particular, and what is to be said behind the key.

    An expression is read again where it stands in the file, so that all places in the message and in the hint are
    those of the file. It may mean something else there, since what YAML folds into one line is several in the file:
    then the places are those of the expression, and this is said.
    """
    there = _error_in_place(written)
    if there is not None and _without_places(there) == _without_places(error):
        # Loki's messages say line 0 where it lost count.
        place = f"parse error at line {there.line}, col {there.column}"
        return there.line, f": {_BEGINNING.sub(place, str(there))}{_hint(there)}"
    own = " (lines and columns are its own)" if _PLACE.search(f"{error}{_hint(error)}") else ""
    return 0, f"{own}: {error}{_hint(error)}"


def _error_in_place(written: Scalar) -> ParseError | None:
    text = written.in_place
    if not text:
        return None
    try:
        parse_expression(text)
    except ParseError as error:
        return error if error.column else None
    return None


def _without_places(error: ParseError) -> str:
    return _PLACE.sub("", f"{error}\n{error.hint}")


def _hint(error: ParseError) -> str:
    return f" ({error.hint})" if error.hint else ""
