"""What goes wrong in templates, in Go's words.

QueryError
└── TemplateError      a template that can't be compiled, or that failed on one value
FunctionError          what a template function raises; the executor turns it into a TemplateError with the place
"""

from sigyn.model.errors import QueryError


class TemplateError(QueryError):
    """A template that can't be compiled, or that failed while it was executed.

    The message is Go's: `template: line:1: unclosed action` from the compiler, `template: line:1:3:
    executing "line" at <div .value 0>: error calling div: ...` from the executor.
    """


class FunctionError(Exception):
    """A function or method called by a template refused its arguments; the message is the reason alone."""
