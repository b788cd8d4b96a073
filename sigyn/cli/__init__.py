"""The command line: `sigyn serve`, `query`, `push`, `labels`, `series`, `export`, `version`."""

from sigyn.cli.app import main

__all__ = ["main"]
