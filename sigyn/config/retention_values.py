"""Kinds of setting that say what is kept: periods of streams, space on a disk."""

import re
from dataclasses import dataclass

from sigyn.config.expressions import check_selector
from sigyn.config.values import Kind, read_bytes, read_count, read_duration, read_number, show_bytes, show_duration

_PART = re.compile(r"""(?:"(?:\\.|[^"\\])*"?|`[^`]*`?|[^;"`])+""")
"""What stands between two semicolons that are in no quotes."""


@dataclass(frozen=True, slots=True)
class StreamRetention:
    """A retention of its own for the streams that a selector matches; the highest priority wins, then the shortest
    period."""

    selector: str
    period: int
    priority: int = 0


def read_selector(text: str) -> str:
    """A selector of streams, `{tier="debug"}`."""
    check_selector(text)
    return text


def read_stream_retentions(text: str) -> tuple[StreamRetention, ...]:
    """`{tier="debug"}=72h; {service="agents"}=60d@2`, where 2 is a priority, which may be negative; else it is 0."""
    retentions = []
    for each in filter(None, (part.strip() for part in _PART.findall(text))):
        selector, separator, kept = each.rpartition("=")
        if not separator or not selector.rstrip().endswith("}"):
            raise ValueError(
                'write selectors with their periods, such as {tier="debug"}=72h; {service="agents"}=60d@-1, '
                "where -1 is a priority"
            )
        period, _, priority = kept.partition("@")
        retentions.append(
            StreamRetention(
                selector=read_selector(selector.strip()),
                period=read_duration(period.strip()),
                priority=read_count(priority.strip() or "0"),
            )
        )
    return tuple(retentions)


def show_stream_retentions(retentions: tuple[StreamRetention, ...]) -> str:
    """What `read_stream_retentions` reads back."""
    return "; ".join(
        f"{each.selector}={show_duration(each.period)}" + (f"@{each.priority}" if each.priority else "")
        for each in retentions
    )


@dataclass(frozen=True, slots=True)
class FreeSpace:
    """Space on a disk: bytes, or a share of it from 0 to 1."""

    bytes: int = 0
    share: float = 0.0


def read_free_space(text: str) -> FreeSpace:
    """`20GB` or `10%`."""
    if not text.endswith("%"):
        return FreeSpace(bytes=read_bytes(text))
    percent = read_number(text.removesuffix("%").strip())
    if not 0 <= percent < 100:
        raise ValueError("write a percentage from 0% to under 100%")
    return FreeSpace(share=percent / 100)


def show_free_space(space: FreeSpace) -> str:
    """What `read_free_space` reads back."""
    return f"{space.share * 100:g}%" if space.share else show_bytes(space.bytes)


SELECTOR = Kind("selector", read_selector)
STREAM_RETENTIONS = Kind("selector=duration@priority; ...", read_stream_retentions, show_stream_retentions)
FREE_SPACE = Kind("bytes or percent", read_free_space, show_free_space)
