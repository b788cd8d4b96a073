"""The document: what the routes say, with what OPERATIONS adds."""

import re
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sigyn.api.openapi.operation import TEXT, Operation
from sigyn.api.openapi.operations import OPERATIONS
from sigyn.api.openapi.parameters import PARAMETERS
from sigyn.api.responses import json_response

PATH = "/sigyn/api/v1/openapi.json"

_FORM = "application/x-www-form-urlencoded"
_ERRORS = {
    400: "the request is wrong",
    401: "nobody that is known asks",
    403: "who asks may not do that",
    404: "there is no such thing",
    405: "the path has no such method",
    408: "the body came too slowly",
    413: "the body is too large",
    415: "the body has a type that is not taken",
    422: "the request is well-formed and can't be done",
    429: "a limit was hit, or too much waits",
    502: "another server that is asked for this does not answer",
    503: "a part that is needed is not there, or refuses",
    504: "it took too long",
}


def served(routes: Iterable[BaseRoute]) -> Iterator[tuple[str, str]]:
    """Methods and paths of the API's routes. The page's files and links, HEAD and WebSockets are left out."""
    for route in routes:
        if isinstance(route, Route) and route.include_in_schema:
            for method in sorted((route.methods or {"GET"}) - {"HEAD"}):
                yield method, route.path


def by_method(operations: Mapping[str, Operation] = OPERATIONS) -> dict[tuple[str, str], Operation]:
    """Operations by single method and path."""
    found = {}
    for key, operation in operations.items():
        *methods, path = key.split(" ")
        found.update({(method, path): operation for method in methods})
    return found


def openapi_document(routes: Iterable[BaseRoute]) -> dict[str, object]:
    """The document in OpenAPI 3.1 for these routes."""
    described = by_method()
    paths: dict[str, dict[str, object]] = {}
    for method, path in served(routes):
        operation = described.get((method, path))
        if operation is not None:
            paths.setdefault(path, {})[method.lower()] = _operation(method, path, operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Sigyn", "version": version("sigyn"), "description": "docs/api.md says more of each."},
        "paths": paths,
        "components": {
            "schemas": {
                "Error": {
                    "type": "object",
                    "required": ["error"],
                    "properties": {"error": TEXT, "status": TEXT, "message": TEXT},
                }
            }
        },
    }


async def document(request: Request) -> Response:
    """`/sigyn/api/v1/openapi.json`: every operation that this server has."""
    return json_response(openapi_document(request.app.routes))


OPENAPI_ROUTES: list[BaseRoute] = [Route(PATH, document)]


def _operation(method: str, path: str, operation: Operation) -> dict[str, object]:
    parameters: list[dict[str, object]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in re.findall(r"{(\w+)}", path)
    ]
    content = dict(operation.body)
    if method in ("POST", "PUT") and operation.parameters:
        fields = {name: PARAMETERS[name][1] for name in operation.parameters}
        content[_FORM] = {"type": "object", "properties": fields}
    else:
        parameters += [
            {"name": name, "in": "query", "description": PARAMETERS[name][0], "schema": PARAMETERS[name][1]}
            for name in operation.parameters
        ]
    described: dict[str, object] = {
        "operationId": f"{method} {path}",
        "summary": operation.summary,
        "parameters": parameters,
        "responses": _responses(operation),
    }
    if content:
        described["requestBody"] = {"content": {kind: {"schema": schema} for kind, schema in content.items()}}
    return described


def _responses(operation: Operation) -> dict[str, object]:
    error = {"text/plain": {"schema": TEXT}, "application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    responses: dict[str, object] = {
        str(status): {"description": text, "content": error} for status, text in _ERRORS.items()
    }
    for status, kinds in operation.answers.items():
        answer: dict[str, object] = {"description": operation.summary}
        if kinds:
            answer["content"] = {kind: {"schema": schema} for kind, schema in kinds.items()}
        responses[str(status)] = answer
    return responses
