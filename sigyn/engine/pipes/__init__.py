"""What pipes do to rows: one module per pipe."""

from sigyn.engine.pipes.run import run_pipes

__all__ = ["run_pipes"]
