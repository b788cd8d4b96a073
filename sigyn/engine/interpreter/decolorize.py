"""`| decolorize`."""

import re

from sigyn.engine.interpreter.entry import Processed

ANSI_SEQUENCE = re.compile(
    "[\x1b\x9b][\\[\\]()#;?]*"
    "(?:(?:(?:[a-zA-Z0-9]*(?:;[a-zA-Z0-9]*)*)?\x07)"
    "|(?:(?:[0-9]{1,4}(?:;[0-9]{0,4})*)?[0-9A-PRZcf-ntqry=><~]))"
)
"""Escape sequences of ECMA-48 that terminals understand: colours, cursor movements, titles."""


def run_decolorize(entry: Processed) -> bool:
    """Remove ANSI escape sequences from the line."""
    line = entry.line
    if "\x1b" in line or "\x9b" in line:
        entry.line = ANSI_SEQUENCE.sub("", line)
    return True
