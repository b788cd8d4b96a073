"""SIGHUP, which means that the terminal is closed, or that an operator wants settings to be read again."""

import asyncio
import os
import signal
from collections.abc import Callable
from functools import partial

import structlog

_log = structlog.get_logger("sigyn.process")


def heed_hangups(stop: Callable[[], None], hint: str) -> None:
    """From now on SIGHUP calls `stop` in a process of a terminal, and elsewhere has a line in the log, with `hint`.

    It would kill the process at once. For systemd that is a clean end, after which a service stays down. Where the
    signal is ignored from the start, as below nohup, it stays so. Call it in the running loop of the main thread.
    """
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        handler = stop if _has_terminal() else partial(_log.warning, "SIGHUP changes nothing", hint=hint)
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, handler)


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True
