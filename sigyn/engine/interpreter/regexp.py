"""`| regexp "(?P<name>...)"`."""

from sigyn.engine.interpreter.entry import Processed, Run
from sigyn.languages.logql import ast
from sigyn.languages.regex import compile_regex


def compile_regexp(stage: ast.RegexpParser) -> Run:
    """Extract the named groups of the first match; a group that takes no part in it is empty.

    Raises QueryError when the expression is not in RE2's syntax.
    """
    regex = compile_regex(stage.pattern)
    search = regex.search
    groups = tuple(regex.groupindex.items())

    def run(entry: Processed) -> bool:
        match = search(entry.line)
        if match is not None:
            for name, index in groups:
                entry.parsed[entry.extracted_name(name)] = match.group(index) or ""
        return True

    return run
