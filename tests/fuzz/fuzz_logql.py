"""Coverage-guided fuzzing of the parser: any text is a query that prints back, or a ParseError.

make fuzz SECONDS=300
"""

import sys

import atheris

with atheris.instrument_imports(include=["sigyn.languages"]):
    from sigyn.languages.logql import parse, print_query

from sigyn.model.errors import ParseError


def test_one_input(data: bytes) -> None:
    """Any other exception, a hang, or a tree that prints back as another one ends the run."""
    text = atheris.FuzzedDataProvider(data).ConsumeUnicodeNoSurrogates(4096)
    try:
        query = parse(text)
    except ParseError:
        return
    again = parse(print_query(query))
    if repr(again) != repr(query):
        raise AssertionError(f"{text!r} prints as {print_query(query)!r}, which is another query")


if __name__ == "__main__":
    atheris.Setup(sys.argv, test_one_input)
    atheris.Fuzz()
