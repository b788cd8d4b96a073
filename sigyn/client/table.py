"""Answers as Arrow tables; see sigyn.model.tables."""

from sigyn.model.tables import to_table

__all__ = ["to_table"]
