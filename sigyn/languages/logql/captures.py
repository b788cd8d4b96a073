"""The named groups of the `regexp` stage."""

from sigyn.languages.regex import RegexError, compile_regex
from sigyn.model.errors import QueryError
from sigyn.model.labels import LABEL_NAME


class CaptureError(QueryError):
    """An expression that the `regexp` stage can't use; the message is Loki's."""


def regexp_captures(pattern: str) -> tuple[str, ...]:
    """The names of the groups, in the order of the expression; at least one.

    Raises CaptureError when the expression is broken, names nothing, names a thing twice, or names
    what can't be a label.
    """
    try:
        compile_regex(pattern)
    except RegexError as error:
        raise CaptureError(str(error)) from None
    names = _group_names(pattern)
    if not names:
        raise CaptureError("at least one named capture must be supplied")
    seen: set[str] = set()
    for name in names:
        if not LABEL_NAME.fullmatch(name):
            raise CaptureError(f"invalid extracted label name '{name}'")
        if name in seen:
            raise CaptureError(f"duplicate extracted label name '{name}'")
        seen.add(name)
    return tuple(names)


def _group_names(pattern: str) -> list[str]:
    """All names with repetitions, which RE2's own index of groups does not tell."""
    names: list[str] = []
    position = 0
    in_class = False
    while position < len(pattern):
        character = pattern[position]
        if pattern.startswith("\\Q", position):
            end = pattern.find("\\E", position)
            position = len(pattern) if end < 0 else end + 2
        elif character == "\\":
            position += 2
        elif in_class:
            if pattern.startswith("[:", position):
                end = pattern.find(":]", position + 2)
                position = position + 1 if end < 0 else end + 2
            else:
                in_class = character != "]"
                position += 1
        elif character == "[":
            in_class = True
            # A closing bracket that comes first belongs to the class.
            position += 2 if pattern.startswith("[^", position) else 1
            position += pattern.startswith("]", position)
        else:
            for opening in ("(?P<", "(?<"):
                if pattern.startswith(opening, position):
                    start = position + len(opening)
                    names.append(pattern[start : pattern.index(">", start)])
            position += 1
    return names
