"""Fragments of SQL that know which columns they read."""

from dataclasses import dataclass

from sigyn.engine.sql.unsupported import Unsupported


@dataclass(frozen=True, slots=True)
class Sql:
    """An SQL expression and the frame columns in it."""

    text: str
    columns: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return self.text


TRUE = Sql("true")
FALSE = Sql("false")
NULL = Sql("NULL")


def column(name: str) -> Sql:
    """A reference to a column of the frame."""
    return Sql(identifier(name), frozenset((name,)))


def build(template: str, *parts: Sql) -> Sql:
    """`template` with each `{}` replaced by a part."""
    return Sql(template.format(*(part.text for part in parts)), frozenset().union(*(part.columns for part in parts)))


def any_of(parts: list[Sql]) -> Sql:
    """True where one of the parts is."""
    if not parts:
        return FALSE
    return (
        parts[0]
        if len(parts) == 1
        else Sql(
            "(" + " OR ".join(part.text for part in parts) + ")", frozenset().union(*(part.columns for part in parts))
        )
    )


def all_of(parts: list[Sql]) -> Sql:
    """True where all of the parts are."""
    return Sql(" AND ".join(part.text for part in parts), frozenset().union(*(part.columns for part in parts)))


def literal(text: str) -> Sql:
    """A string literal; a text with a NUL byte, which SQL text can't hold, is Unsupported."""
    if "\0" in text:
        raise Unsupported("a NUL byte in a string")
    quoted = text.replace("'", "''")
    # build() formats later, so braces of user text have to survive it: parts are never templates.
    return Sql(f"'{quoted}'")


def identifier(name: str) -> str:
    """A quoted identifier."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'
