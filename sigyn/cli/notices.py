"""What is to be said about a configuration, in the server's log."""

from collections.abc import Iterable

import structlog

from sigyn.config.notices import Notice


def log_notices(notices: Iterable[Notice]) -> None:
    """A line for each; a warning where something that was asked for does not happen."""
    log = structlog.get_logger("sigyn.config")
    for notice in notices:
        tell = log.warning if notice.matters else log.info
        tell("configuration", file=notice.place, key=notice.key, reason=notice.text)
