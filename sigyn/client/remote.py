"""A server, over HTTP: Sigyn, or anything that speaks Loki's API."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any

import httpx
import pyarrow as pa

from sigyn.client.credentials import credentials
from sigyn.client.http import answer_of, error_of
from sigyn.client.reach import unreachable
from sigyn.client.table import to_table
from sigyn.client.times import Moment, moment
from sigyn.languages.logql import ast, parse
from sigyn.model.errors import BadRequest, SigynError, Unavailable
from sigyn.model.results import Direction, QueryAnswer
from sigyn.model.time import HOUR, Clock, system_clock

if TYPE_CHECKING:
    from sigyn.client.live_tail import TailedEntries

_LOKI = "/loki/api/v1"
_CARDINALITY = "/sigyn/api/v1/cardinality"
_MISSING = "X-Sigyn-Missing"
_CATEGORIZE = {
    "X-Loki-Response-Encoding-Flags": "categorize-labels",
    # Sigyn sends tables as such, and says more about errors; other servers take no notice.
    "Accept": "application/vnd.sigyn.table+json, application/json, */*;q=0.5",
}

_Parameters = Mapping[str, int | float | str | Sequence[str]]


class RemoteStore:
    """Asks a server. Use it as a context manager, or call `close`.

    tenant        goes into X-Scope-OrgID, for a server with `auth_enabled`
    username, password, bearer_token   for a proxy in front of it
    timeout       seconds that an answer may take
    """

    def __init__(
        self,
        url: str,
        *,
        tenant: str = "",
        username: str = "",
        password: str = "",
        bearer_token: str = "",
        timeout: float = 120.0,
        clock: Clock = system_clock,
    ) -> None:
        self.url = url.rstrip("/")
        self._clock = clock
        self._credentials = credentials(tenant=tenant, username=username, password=password, bearer_token=bearer_token)
        self._client = httpx.Client(
            headers=self._credentials,
            timeout=httpx.Timeout(timeout, connect=min(10.0, timeout)),
        )

    def query(
        self,
        logql: str,
        *,
        start: Moment | None = None,
        end: Moment | None = None,
        step: str | float | None = None,
        limit: int = 100,
        direction: Direction = "backward",
    ) -> pa.Table:
        """The answer to a query as an Arrow table; `.to_pandas()` makes it a data frame.

        start, end   moments: a datetime, a text (`2026-01-15T10:00:00Z`, or `1h` for an hour ago), seconds
                     (float) or ns (int) since 1970; an hour ago and now unless given
        step         of a metric query: `30s` or seconds. A metric query without start and step
                     gives one value per series, at `end`
        limit        of a log query: how many entries at most
        direction    `backward` gives the newest entries first, `forward` the oldest

        Raises ParseError and QueryError for a query that can't be answered, Unavailable without a server.
        """
        instant = start is None and step is None and not isinstance(parse(logql), ast.LogQuery | ast.PipedQuery)
        if instant:
            return to_table(self.answer_instant(logql, at=end).result)
        answer = self.answer_range(logql, start=start, end=end, step=step, limit=limit, direction=direction)
        return to_table(answer.result)

    def answer_range(
        self,
        logql: str,
        *,
        start: Moment | None = None,
        end: Moment | None = None,
        step: str | float | None = None,
        limit: int = 100,
        direction: Direction = "backward",
    ) -> QueryAnswer:
        """The answer of `query_range`, with warnings and what it cost."""
        first, last = self._range(start, end)
        parameters: dict[str, Any] = {
            "query": logql,
            "start": first,
            "end": last,
            "limit": limit,
            "direction": direction,
        }
        if step is not None:
            parameters["step"] = step
        return answer_of(self._get(f"{_LOKI}/query_range", parameters), direction)

    def answer_instant(self, logql: str, *, at: Moment | None = None, limit: int = 100) -> QueryAnswer:
        """The answer of `query`: the values at a moment, or the lines before it."""
        time_ = moment("now" if at is None else at, self._clock())
        return answer_of(self._get(f"{_LOKI}/query", {"query": logql, "time": time_, "limit": limit}), "backward")

    def tail(
        self,
        logql: str,
        *,
        start: Moment | None = None,
        limit: int = 10,
        on_break: Callable[[str], None] = lambda _reason: None,
    ) -> "Generator[TailedEntries, None, None]":
        """The newest `limit` entries since `start` (an hour ago unless given), then each that comes, without end.

            for batch in store.tail('{app="shop"} |= "error"'):
                for entry in batch.entries:
                    print(entry.timestamp, entry.line)

        A connection that breaks is opened again, and the tail goes on from its newest entry; `on_break` is told
        why it broke. Raises ParseError and BadRequest for a query that can't be tailed, Unavailable when there is
        no server to begin with.
        """
        from sigyn.client.live_tail import tail  # here and not above: most commands open no WebSocket

        first = None if start is None else moment(start, self._clock())
        return tail(
            self.url,
            logql,
            headers=self._credentials,
            start=first,
            limit=limit,
            on_break=on_break,
            clock=self._clock,
        )

    def explain(
        self,
        logql: str,
        *,
        start: Moment | None = None,
        end: Moment | None = None,
        step: str | float | None = None,
        instant: bool = False,
    ) -> dict[str, Any]:
        """How the query would run: the fields of sigyn.engine.explain.Explanation."""
        first, last = self._range(start, end)
        parameters: dict[str, Any] = {"query": logql, "start": first, "end": last}
        if instant:
            parameters |= {"time": last, "instant": "true"}
        if step is not None:
            parameters["step"] = step
        return dict(self._get("/sigyn/api/v1/explain", parameters)["data"])

    def labels(
        self, name: str = "", *, selector: str = "", start: Moment | None = None, end: Moment | None = None
    ) -> list[str]:
        """Names of labels, or with a name the values of that label; of the streams of `selector` when it is given."""
        first, last = self._range(start, end)
        parameters: dict[str, Any] = {"start": first, "end": last}
        if selector:
            parameters["query"] = selector
        path = f"{_LOKI}/label/{name}/values" if name else f"{_LOKI}/labels"
        return list(self._get(path, parameters).get("data") or [])

    def series(self, *selectors: str, start: Moment | None = None, end: Moment | None = None) -> list[dict[str, str]]:
        """The label sets of streams; of all streams when no selector is given."""
        first, last = self._range(start, end)
        return list(self._get(f"{_LOKI}/series", {"start": first, "end": last, "match[]": selectors}).get("data") or [])

    def cardinality(self, *, start: Moment | None = None, end: Moment | None = None, limit: int = 10) -> dict[str, Any]:
        """Which labels make how many streams: the fields of sigyn.services.cardinality.Cardinality."""
        first, last = self._range(start, end)
        return dict(self._get(_CARDINALITY, {"start": first, "end": last, "limit": limit})["data"])

    def promote(self, label: str) -> dict[str, Any]:
        """Makes a demoted label one of the streams again; raises NotFound."""
        return dict(self._answer("POST", f"{_CARDINALITY}/promote", {"label": label})["data"])

    def demote(self, label: str) -> dict[str, Any]:
        """Makes a label of streams one of the entries, which carry it as structured metadata."""
        return dict(self._answer("POST", f"{_CARDINALITY}/demote", {"label": label})["data"])

    def export(self, parameters: Mapping[str, Any], tell: Callable[[str], None]) -> Iterator[bytes]:
        """The body of an export as it arrives; `tell` is called before with what is missing there, if anything is."""
        with (
            self._reached(),
            self._client.stream("GET", f"{self.url}/sigyn/api/v1/export", params=dict(parameters)) as response,
        ):
            if response.status_code >= 300:
                response.read()
                raise error_of(response, str(parameters.get("query", "")))
            if missing := response.headers.get(_MISSING):
                tell(missing)
            yield from response.iter_bytes()

    def close(self) -> None:
        """Lets go of the connections."""
        self._client.close()

    def __enter__(self) -> "RemoteStore":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _range(self, start: Moment | None, end: Moment | None) -> tuple[int, int]:
        now = self._clock()
        last = moment("now" if end is None else end, now)
        return (last - HOUR if start is None else moment(start, now)), last

    def _get(self, path: str, parameters: _Parameters) -> dict[str, Any]:
        return self._answer("GET", path, parameters)

    def _answer(self, method: str, path: str, parameters: _Parameters) -> dict[str, Any]:
        with self._reached():
            response = self._client.request(method, f"{self.url}{path}", params=dict(parameters), headers=_CATEGORIZE)
        if response.status_code >= 300:
            selectors = parameters.get("match[]", ())
            query = selectors[0] if isinstance(selectors, Sequence) and len(selectors) == 1 else ""
            raise error_of(response, str(parameters.get("query", query)))
        try:
            body = response.json()
        except ValueError:
            raise SigynError(f"{self.url} does not answer as Loki does: {response.text[:80]!r}") from None
        if not isinstance(body, dict):
            raise SigynError(f"{self.url} does not answer as Loki does: {response.text[:80]!r}")
        return body

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """Turns httpx's errors into ours."""
        try:
            yield
        except (httpx.UnsupportedProtocol, httpx.InvalidURL):
            raise BadRequest(f"`{self.url}` is no address: write http://host:port") from None
        except httpx.ConnectError as error:
            raise unreachable(self.url, error) from None
        except httpx.TimeoutException:
            raise Unavailable(f"{self.url} took too long to answer") from None
        except httpx.RemoteProtocolError as error:
            tls = "; a server with TLS is at https://" if self.url.startswith("http://") else ""
            raise Unavailable(f"the connection to {self.url} broke: {error}{tls}") from None
        except httpx.HTTPError as error:
            raise Unavailable(f"the connection to {self.url} broke: {error}") from None
