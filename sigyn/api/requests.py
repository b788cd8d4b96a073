"""What a request carries: its parameters, its tenant, its body."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.requests import HTTPConnection, Request

from sigyn.api.parameters import RangeTexts, range_parameters
from sigyn.model.errors import BadRequest, SigynError, TooLarge
from sigyn.model.time import HOUR, TimeRange
from sigyn.services.tenants import SINGLE_TENANT, single_tenant

if TYPE_CHECKING:
    from sigyn.api.app import Api

FORM = "application/x-www-form-urlencoded"


class Unauthorized(SigynError):
    """The request names no tenant."""

    status = 401


@dataclass(frozen=True, slots=True)
class Arguments:
    """Parameters of a request: those of the form first, then those of the URL."""

    values: dict[str, list[str]]

    def first(self, name: str) -> str:
        """The first value of a parameter; empty when there is none."""
        return self.values.get(name, [""])[0]

    def all(self, name: str) -> list[str]:
        """All values of a parameter, in order."""
        return self.values.get(name, [])

    def range(self, now: int, default_length: int = HOUR) -> TimeRange:
        """The range of `start`, `end` and `since`; raises BadRequest."""
        texts = RangeTexts(self.first("start"), self.first("end"), self.first("since"))
        return range_parameters(texts, now, default_length)


def api_of(connection: HTTPConnection) -> "Api":
    """The services and settings that serve this request."""
    api: Api = connection.app.state.api
    return api


async def arguments_of(request: Request) -> Arguments:
    """The parameters of a GET or of a form POST; raises BadRequest and TooLarge."""
    pairs: list[tuple[str, str]] = []
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method in ("POST", "PUT") and kind == FORM:
        body = await bounded_body(request, api_of(request).settings.max_form_bytes)
        try:
            pairs += parse_qsl(body.decode(), keep_blank_values=True)
        except UnicodeDecodeError as error:
            raise BadRequest(f"the form is not UTF-8: byte {error.start}") from None
    pairs += url_pairs(request)
    return _arguments(pairs)


def url_arguments(connection: HTTPConnection) -> Arguments:
    """The parameters in the URL alone."""
    return _arguments(url_pairs(connection))


def url_pairs(connection: HTTPConnection) -> list[tuple[str, str]]:
    """Names and values in the URL, in its order."""
    # Some scripts send UTF-8 without escaping it.
    return parse_qsl(connection.scope["query_string"].decode("utf-8", "replace"), keep_blank_values=True)


async def bounded_body(request: Request, limit: int) -> bytes:
    """The body as sent; raises TooLarge past `limit` bytes without reading the rest."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise TooLarge(f"the body has {announced} bytes, at most {limit} are taken; send smaller batches")
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"the body has over {limit} bytes, which is the most that is taken; send smaller batches")
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def tenant_of(connection: HTTPConnection) -> str:
    """The tenant that the request speaks for; raises Unauthorized and BadRequest."""
    return tenant_from(connection.headers.get("x-scope-orgid", ""), api_of(connection).settings.auth_enabled)


def tenant_from(header: str, auth_enabled: bool) -> str:
    """The tenant in X-Scope-OrgID; the header is ignored while authentication is off, as Loki does."""
    if not auth_enabled:
        return SINGLE_TENANT
    if not header:
        raise Unauthorized("no org id")
    return single_tenant(header)


def _arguments(pairs: list[tuple[str, str]]) -> Arguments:
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return Arguments(values)
