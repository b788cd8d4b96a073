"""The error tree: every error says what was wrong, where, and what would be right.

    SigynError                    status 500
    ├── BadRequest                400  the client's fault; nothing was changed
    │   ├── QueryError            400  a query that can't be parsed or evaluated
    │   │   └── ParseError        400  with line, column and a hint
    │   └── UnprocessableRequest  422  well-formed, but nothing in it can be used
    ├── TooLarge                  413  a body over its limit
    ├── TooManyRequests           429  try again after `retry_after` seconds
    ├── NotFound                  404
    ├── Cancelled                 499  the caller went away
    ├── QueryTimeout              504
    └── Unavailable               503  a fault of ours or of the object store; nothing was acknowledged

`str(error)` is the message for a person; `status` is the HTTP status that the API answers with.
"""


class SigynError(Exception):
    """Anything that Sigyn raises on purpose."""

    status = 500


class BadRequest(SigynError):
    """The request can't be served as it stands."""

    status = 400


class QueryError(BadRequest):
    """A query that can't be parsed or evaluated."""


class ParseError(QueryError):
    """A query text that is not LogQL.

    `line` and `column` count from 1 (0 for both: the error has no single place, as Loki prints
    it); `length` is how many characters are at fault (0: not known); `hint` says what would be right,
    when there is a likely slip.
    """

    def __init__(
        self, message: str, *, line: int = 0, column: int = 0, length: int = 0, query: str = "", hint: str = ""
    ) -> None:
        super().__init__(message)
        self.line = line
        self.column = column
        self.length = length
        self.query = query
        self.hint = hint


class UnprocessableRequest(BadRequest):
    """Well-formed, but with nothing in it that can be used."""

    status = 422


class TooLarge(SigynError):
    """A body over its limit."""

    status = 413


class TooManyRequests(SigynError):
    """Back-pressure: nothing was stored, try again after `retry_after` seconds."""

    status = 429

    def __init__(self, message: str, *, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NotFound(SigynError):
    """No such thing."""

    status = 404


class Cancelled(SigynError):
    """The caller went away before the answer was ready."""

    status = 499


class QueryTimeout(SigynError):
    """The query took longer than it may."""

    status = 504


class Unavailable(SigynError):
    """A fault of ours, or of the object store or catalog beneath; nothing was acknowledged."""

    status = 503
