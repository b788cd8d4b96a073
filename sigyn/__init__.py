"""Sigyn: a log and observability store that speaks Loki's protocols and answers LogQL.

`sigyn.open` opens a data folder or a server and gives the answers to queries as Arrow tables.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sigyn.client.store import open

__all__ = ["open"]


def __getattr__(name: str) -> Any:
    # Imported when it is used: whoever needs only a part of the package should not wait for the rest.
    if name == "open":
        from sigyn.client.store import open

        return open
    raise AttributeError(f"module `sigyn` has no attribute `{name}`")
