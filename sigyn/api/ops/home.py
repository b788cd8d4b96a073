"""The page at `/`: is it well, and what to type next."""

from html import escape
from importlib.metadata import version

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from sigyn.api.requests import api_of

_LINKS = ("/ready", "/services", "/metrics", "/config", "/loki/api/v1/status/buildinfo")

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sigyn</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }}
pre {{ overflow-x: auto; padding: .75rem 1rem; border: 1px solid #8886; border-radius: .4rem; }}
td {{ padding-right: 1.5rem; }}
</style>
</head>
<body>
<h1>Sigyn {version}: {health}</h1>
<table>{parts}</table>
<h2>Send a line</h2>
<pre>curl -H 'Content-Type: application/json' {base}/loki/api/v1/push --data-raw \\
  '{{"streams":[{{"stream":{{"app":"demo"}},"values":[["'$(date +%s%N)'","hello"]]}}]}}'</pre>
<h2>Ask for it</h2>
<pre>curl -G {base}/loki/api/v1/query_range --data-urlencode 'query={{app="demo"}}'
curl -G {base}/loki/api/v1/query --data-urlencode 'query=sum by (app) (count_over_time({{app=~".+"}}[1h]))'</pre>
<h2>Take everything</h2>
<pre>curl -G {base}/sigyn/api/v1/export --data-urlencode 'query={{app="demo"}}' --data since=24h</pre>
<p>In Grafana, add a Loki data source with the URL <code>{base}</code>. OTLP: <code>{base}/otlp</code>.</p>
<p>{links}</p>
</body>
</html>
"""


async def home(request: Request) -> Response:
    """`/`."""
    operations = api_of(request).operations
    reason = operations.not_ready()
    return HTMLResponse(
        _PAGE.format(
            version=escape(version("sigyn")),
            health="ready" if reason is None else escape(reason),
            parts="".join(
                f"<tr><td>{escape(part.name)}</td><td>{escape(part.state)}</td></tr>" for part in operations.parts()
            ),
            base=escape(str(request.base_url).rstrip("/")),
            links=" · ".join(f'<a href="{link}">{link}</a>' for link in _LINKS),
        )
    )
