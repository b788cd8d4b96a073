"""The agent's process: from a configuration to a clean end."""

import asyncio
import gc
import signal
from collections.abc import Callable

import structlog
import uvloop

from sigyn.agent.assembly import Agent, AgentOptions
from sigyn.agent.configuration import AgentConfiguration
from sigyn.process.hangup import heed_hangups

_log = structlog.get_logger("sigyn.agent")
_GARBAGE_THRESHOLD = 10_000
"""Objects between two searches for cycles: entries have none, and the default of 700 costs a tenth of the time."""

_PATIENCE = 4.0  # seconds for the last batches: container runtimes kill after ten
_HANGUP_HINT = (
    "start the agent anew for another configuration, and it goes on where it was; files of `file_sd_configs` are read "
    "again by themselves when they change; SIGTERM stops the agent"
)


def run(configuration: AgentConfiguration, options: AgentOptions, announce: Callable[[str], None]) -> None:
    """Runs an agent in this process until it gets SIGINT or SIGTERM, its terminal is closed, or standard input ends."""
    gc.freeze()
    gc.set_threshold(_GARBAGE_THRESHOLD, 20, 50)
    uvloop.run(serve(configuration, options, announce))


async def serve(configuration: AgentConfiguration, options: AgentOptions, announce: Callable[[str], None]) -> None:
    """Reads and ships until the process is told to stop, then sends what was read and saves positions.

    `announce` is called with the address of the pages once everything is tailed. Raises ConfigurationError,
    BadRequest for a broken positions file, and Unavailable.
    """
    agent = Agent(configuration, options)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    heed_hangups(stopped.set, _HANGUP_HINT)
    try:
        await agent.start()
        announce(agent.address)
        failure = await _until_stopped(agent, stopped)
    finally:
        # Standard input came to its end, and waits for nothing but the server.
        await agent.stop(3600.0 if agent.finished.is_set() and not stopped.is_set() else _PATIENCE)
    if failure:
        raise failure
    _log.info("stopped")


async def _until_stopped(agent: Agent, stopped: asyncio.Event) -> BaseException | None:
    """Waits for a signal, for the end of standard input, or for the error of a task."""
    waiting = [asyncio.ensure_future(stopped.wait()), asyncio.ensure_future(agent.finished.wait())]
    try:
        while not any(one.done() for one in waiting):
            await asyncio.wait(waiting, timeout=1.0, return_when=asyncio.FIRST_COMPLETED)
            failure = agent.failed()
            if failure:
                return failure
    finally:
        for one in waiting:
            one.cancel()
    return None
