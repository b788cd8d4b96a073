"""`| pattern "<ip> <_>"` and `|> "<_> error <_>"`."""

from collections.abc import Callable

from sigyn.engine.interpreter.entry import Processed, Run
from sigyn.languages.logql import ast
from sigyn.languages.logql.pattern import Capture, parse_line_pattern, parse_pattern


def compile_pattern(stage: ast.PatternParser) -> Run:
    """Extract the texts between literals.

    A literal at the beginning has to begin the line. A capture reaches to the first place of the
    literal after it; when that is nowhere, it takes the rest of the line and the matching ends
    there, with the captures made so far. Raises PatternError.
    """
    pieces = parse_pattern(stage.pattern).pieces
    opening = pieces[0] if isinstance(pieces[0], str) else ""
    captures = [piece.name for piece in pieces if isinstance(piece, Capture)]
    literals: list[str | None] = [piece for piece in pieces[bool(opening) :] if isinstance(piece, str)]
    if len(literals) < len(captures):
        literals.append(None)
    steps = list(zip(captures, literals, strict=True))

    def run(entry: Processed) -> bool:
        line = entry.line
        if not line or not line.startswith(opening):
            return True
        at = len(opening)
        for name, literal in steps:
            end = -1 if literal is None else line.find(literal, at)
            if name is not None:
                entry.parsed[entry.extracted_name(name)] = line[at:] if end < 0 else line[at:end]
            if literal is None or end < 0:
                break
            at = end + len(literal)
        return True

    return run


def compile_line_pattern(text: str) -> Callable[[str], bool]:
    """A test whether a pattern covers a whole line.

    Each literal is taken at its first place after the one before; every `<_>` has to cover
    something. Raises PatternError.
    """
    pieces = parse_line_pattern(text).pieces
    if not pieces:
        return lambda line: line == ""
    literals = [piece for piece in pieces if isinstance(piece, str)]
    begins_with_literal = isinstance(pieces[0], str)
    ends_with_capture = isinstance(pieces[-1], Capture)

    def matches(line: str) -> bool:
        at = 0
        for index, literal in enumerate(literals):
            found = line.find(literal, at)
            if found < 0:
                return False
            if (found == at) != (index == 0 and begins_with_literal):
                return False
            at = found + len(literal)
        return (at < len(line)) is ends_with_capture

    return matches
