"""The page at `/`: one document, its files, and headers that let it talk to this server alone."""

import secrets
from functools import cache
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

STATIC = Path(__file__).parent / "static"
"""What `npm run build` in web/ writes."""

_NONCE_MARK = "__STYLE_NONCE__"
_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
_FOR_EVER = "public, max-age=31536000, immutable"  # names of files in assets/ hold a hash of what is in them


def content_security_policy(nonce: str) -> str:
    """No other host, no inline script, no plugin; the editor may add a style sheet that carries the nonce."""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            f"style-src 'self' 'nonce-{nonce}'",
            "img-src 'self' data:",
            "font-src 'self'",
            "connect-src 'self'",
            "manifest-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'self'",
        )
    )


async def page(_request: Request) -> Response:
    """`/`."""
    nonce = secrets.token_urlsafe(16)
    headers = {"Content-Security-Policy": content_security_policy(nonce), "Cache-Control": "no-store"}
    return Response(_document().replace(_NONCE_MARK, nonce), media_type="text/html; charset=utf-8", headers=headers)


async def asset(request: Request) -> Response:
    """A file that the page loads."""
    return _file(f"assets/{request.path_params['name']}", _FOR_EVER)


async def icon(_request: Request) -> Response:
    """`/favicon.svg`."""
    return _file("favicon.svg", "public, max-age=3600")


def _file(name: str, caching: str) -> Response:
    files = _files()
    if name not in files:
        raise HTTPException(404)
    headers = {"Cache-Control": caching}
    return Response(files[name], media_type=_MEDIA_TYPES[Path(name).suffix], headers=headers)


@cache
def _document() -> str:
    return (STATIC / "index.html").read_text(encoding="utf-8")


@cache
def _files() -> dict[str, bytes]:
    """All of them, in memory: a few hundred KB, and no path of a request ever meets the file system."""
    paths = (path for path in STATIC.rglob("*") if path.suffix in _MEDIA_TYPES)
    return {path.relative_to(STATIC).as_posix(): path.read_bytes() for path in paths}


PAGE_ROUTES: list[BaseRoute] = [
    Route("/", page, include_in_schema=False),
    Route("/favicon.svg", icon, include_in_schema=False),
    Route("/assets/{name}", asset, include_in_schema=False),
]
