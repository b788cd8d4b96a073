"""`python -m sigyn.cli.ingest_process FD`: a process that takes in pushes for a server, which starts it."""

import socket
import sys

import uvloop

from sigyn.api.logs import configure_logs
from sigyn.api.processes.channel import receive_first
from sigyn.api.processes.ingest_process import bind_to_owner, serve_pushes
from sigyn.api.processes.messages import Start
from sigyn.cli.allocation import prepare_allocation
from sigyn.cli.assembly import server_settings
from sigyn.cli.memory import SMALL_MEMORY, memory_of


def main() -> None:
    """Serves until the server at the other end of the socket says stop, or is gone."""
    bind_to_owner()
    end = socket.socket(fileno=int(sys.argv[1]))
    try:
        start: Start = receive_first(end)
    except EOFError:
        return
    settings = start.settings
    prepare_allocation(small=0 < memory_of(settings) < SMALL_MEMORY)
    configure_logs(settings.server.log_level, settings.server.log_format)
    uvloop.run(serve_pushes(end, server_settings(settings), start))


if __name__ == "__main__":
    main()
