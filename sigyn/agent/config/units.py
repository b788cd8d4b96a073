"""Types of settings that are more than their Python type says."""

from collections.abc import Mapping
from enum import Enum
from typing import Annotated, TypeAlias

from sigyn.model.time import MILLISECOND, SECOND

__all__ = ["MILLISECOND", "SECOND", "AnyText", "Duration", "LabelTable", "Port", "Regex", "Size", "Unit"]


class Unit(Enum):
    """How a setting is written."""

    DURATION = "a duration such as 5s or 1h30m"
    SIZE = "a size such as 256KiB or 2MB"
    TEXT = "a text or a number"
    PORT = "a port between 0 and 65535"
    REGEX = "a regular expression of RE2"
    LABELS = "a map of labels"


Duration: TypeAlias = Annotated[int, Unit.DURATION]
"""In nanoseconds; written as `1h30m`, `500ms`, `7d`."""

Size: TypeAlias = Annotated[int, Unit.SIZE]
"""In bytes; written as `256KiB`, `2MB` or a plain number."""

Port: TypeAlias = Annotated[int, Unit.PORT]
"""A port of TCP or UDP; 0 where a free one may be taken."""

Regex: TypeAlias = Annotated[str, Unit.REGEX]
"""A regular expression that RE2 takes."""

AnyText: TypeAlias = Annotated[str, Unit.TEXT]
"""A text that may be written without quotes even when it looks like a number."""

LabelTable: TypeAlias = Annotated[Mapping[str, str], Unit.LABELS]
"""Labels with their values; names that no label can have are refused, as Promtail does, and not by each push."""
