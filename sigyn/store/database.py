"""The database under the catalog: what SQLite and PostgreSQL are asked for in common."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol


class Rows(Protocol):
    """What a statement gave; `rowcount` is of those that it changed."""

    @property
    def rowcount(self) -> int: ...

    def fetchone(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...


Run = Callable[..., Rows]
"""Runs a statement with a value for each `?` in it."""


class Database(Protocol):
    """A database whose statements are those of sigyn/store/schema.py. Safe to use from several threads.

    name          what it is called in errors
    late_commits  transactions that turned out to be done after they had been reported as failed, so that
                  what the process knows of the database is out of date

    Methods raise Unavailable when the database fails.
    """

    name: str
    late_commits: int

    def query(self, statement: str, *values: object) -> list[Any]:
        """The rows of a statement that changes nothing."""

    def transaction(self) -> AbstractContextManager[Run]:
        """All statements that are run in it, or none; one transaction at a time.

        Whatever is raised within ends it with nothing changed. Raises Unavailable also when it is not known whether it
        was done.
        """

    def has_table(self, name: str) -> bool:
        """Whether there is a table of this name."""

    def close(self) -> None:
        """Ends all work."""
