"""The agent's own HTTP server: is it ready, what does it read, what did it count."""

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

_STYLE = """
body{font:14px/1.5 system-ui,sans-serif;margin:2rem;max-width:90rem;color:#222;background:#fff}
table{border-collapse:collapse;width:100%;margin:.5rem 0 2rem}
td,th{border-bottom:1px solid #ddd;padding:.3rem .6rem;text-align:left;vertical-align:top}
th{font-weight:600}.n{text-align:right;font-variant-numeric:tabular-nums}code{font-size:12px}
nav a{margin-right:1rem}
@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}td,th{border-color:#444}a{color:#8bf}}
"""


@dataclass(frozen=True, slots=True)
class TargetRow:
    """A target on the pages: `state` is `ready`, or why it is not read; `details` by name."""

    job: str
    kind: str
    state: str
    labels: Mapping[str, str]
    discovered: Mapping[str, str]
    details: Mapping[str, str | int]


class AgentState(Protocol):
    """What the pages show."""

    def ready(self) -> str:
        """Empty when everything is tailed, else what is still to come."""
        ...

    def targets(self) -> Sequence[TargetRow]: ...
    def metrics(self) -> bytes: ...
    def configuration(self) -> str: ...


def build_app(state: AgentState, prefix: str = "") -> Starlette:
    """The application; `prefix` comes before every path."""
    routes = [
        Route(f"{prefix}/", _root),
        Route(f"{prefix}/ready", _ready),
        Route(f"{prefix}/targets", _targets),
        Route(f"{prefix}/service-discovery", _discovery),
        Route(f"{prefix}/metrics", _metrics),
        Route(f"{prefix}/config", _configuration),
    ]
    app = Starlette(routes=routes)
    app.state.agent = state
    app.state.prefix = prefix
    return app


def _state(request: Request) -> AgentState:
    state: AgentState = request.app.state.agent
    return state


async def _root(request: Request) -> Response:
    return RedirectResponse(f"{request.app.state.prefix}/targets")


async def _ready(request: Request) -> Response:
    missing = _state(request).ready()
    return PlainTextResponse(f"{missing}\n" if missing else "Ready\n", 503 if missing else 200)


async def _metrics(request: Request) -> Response:
    return Response(_state(request).metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")


async def _configuration(request: Request) -> Response:
    return PlainTextResponse(_state(request).configuration(), media_type="text/yaml")


async def _targets(request: Request) -> Response:
    rows = [row for row in _state(request).targets() if row.state == "ready"]
    if wants_json(request):
        return JSONResponse({"targets": [_as_json(row) for row in rows]})
    body = "".join(_job_table(job, [row for row in rows if row.job == job]) for job in _jobs(rows))
    return _page("Targets", body or "<p>Nothing is read: no target was found.</p>")


async def _discovery(request: Request) -> Response:
    rows = _state(request).targets()
    if wants_json(request):
        return JSONResponse({"targets": [{**_as_json(row), "discovered": dict(row.discovered)} for row in rows]})
    pieces = []
    for job in _jobs(rows):
        cells = "".join(
            f"<tr><td>{_labels(row.discovered)}</td><td>{_labels(row.labels)}</td><td>{html.escape(row.state)}</td></tr>"
            for row in rows
            if row.job == job
        )
        head = "<tr><th>Discovered</th><th>After relabelling</th><th>State</th></tr>"
        pieces.append(f"<h2>{html.escape(job)}</h2><table>{head}{cells}</table>")
    return _page("Service discovery", "".join(pieces) or "<p>Nothing was discovered.</p>")


def wants_json(request: Request) -> bool:
    """Whether the client gets JSON: whoever is no browser, as in `curl HOST/targets | jq`, or asks `?format=json`."""
    return request.query_params.get("format") == "json" or "text/html" not in request.headers.get("accept", "")


def _as_json(row: TargetRow) -> dict[str, object]:
    return {
        "job": row.job,
        "type": row.kind,
        "state": row.state,
        "labels": dict(row.labels),
        "details": dict(row.details),
    }


def _jobs(rows: Sequence[TargetRow]) -> list[str]:
    return list(dict.fromkeys(row.job for row in rows))


def _job_table(job: str, rows: Sequence[TargetRow]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row.details))
    head = "".join(f"<th>{html.escape(name)}</th>" for name in ["Type", "Labels", *names])
    body = "".join(
        f"<tr><td>{html.escape(row.kind)}</td><td>{_labels(row.labels)}</td>"
        + "".join(_cell(row.details.get(name, "")) for name in names)
        + "</tr>"
        for row in rows
    )
    return f"<h2>{html.escape(job)} ({len(rows)})</h2><table><tr>{head}</tr>{body}</table>"


def _cell(value: str | int) -> str:
    return f'<td class="n">{value:,}</td>' if isinstance(value, int) else f"<td>{html.escape(value)}</td>"


def _labels(labels: Mapping[str, str]) -> str:
    return "<br>".join(f"<code>{html.escape(name)}={html.escape(json.dumps(labels[name]))}</code>" for name in labels)


def _page(title: str, body: str) -> Response:
    links = ("targets", "service-discovery", "metrics", "config", "ready")
    navigation = "".join(f'<a href="{link}">{link}</a>' for link in links)
    return HTMLResponse(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title} - Sigyn agent</title>'
        f"<style>{_STYLE}</style><h1>{title}</h1><nav>{navigation}</nav>{body}</html>"
    )
