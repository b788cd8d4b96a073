"""What is secret in URLs is shown nowhere: not in logs, metrics, answers, errors, nor in the ruler's file."""

import asyncio
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from sigyn.ruler.database import RulerDatabase
from sigyn.ruler.notify.message import Message
from sigyn.ruler.notify.outbox import Outbox
from sigyn.ruler.notify.receivers import receivers
from sigyn.ruler.ruler import FILE, Ruler
from sigyn.ruler.settings import RulerSettings
from tests.client.receiver import receiver

from .servers import group, ruled_server
from .test_turns import Queries
from .upstream import eventually

ALWAYS = group({"alert": "Always", "expr": "vector(1)"}, {"record": "one", "expr": "vector(1)"})


class Echo(BaseHTTPRequestHandler):
    """Refuses everything, and says what it was asked: the path, and the password that came with it."""

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        password = b64decode(self.headers.get("Authorization", "").removeprefix("Basic ")).decode().rpartition(":")[2]
        said = f"Cannot {self.command} {self.path} for '{password}'".encode()
        self.send_response(404)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def echo() -> Iterator[str]:
    """Its `host:port`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_what_is_secret_in_urls_is_shown_nowhere(tmp_path: Path) -> None:
    with echo() as host:
        settings = {
            "webhook_url": f"http://{host}/services/PATHTOKEN/B?key=QUERYTOKEN,http://127.0.0.1:9/PATHTOKEN",
            "slack_webhook_url": f"http://{host}/services/PATHTOKEN/B",
            "alertmanager_url": f"http://ops:USERTOKEN@{host}/prefix?key=QUERYTOKEN,http://USERTOKEN@127.0.0.1:9",
            "remote_write_url": f"http://ops:USERTOKEN@{host}/write?key=QUERYTOKEN,http://USERTOKEN@127.0.0.1:9/w",
        }
        with ruled_server(tmp_path, ALWAYS, **settings) as server:
            errors = "loki_prometheus_notifications_errors_total"
            for name in (f"webhook 1 http://{host}", "webhook 2 http://127.0.0.1:9", "slack"):
                eventually(lambda name=name: server.metric(f'{errors}{{alertmanager="{name}"}}'))
            eventually(lambda: server.metric(f'{errors}{{alertmanager="http://127.0.0.1:9"}}'))
            eventually(
                lambda: server.metric('loki_ruler_remote_write_samples_failed_total{url="http://127.0.0.1:9/w"}')
            )
            client = server.client
            silenced = client.get("/sigyn/api/v1/alertmanager/silences")
            assert silenced.status_code == 404
            assert "for '<hidden>'" in silenced.text
            shown = [silenced.text, server.running.banner]
            for path in ("/metrics", "/config", "/sigyn/api/v1/alertmanager", "/prometheus/api/v1/rules", "/services"):
                answer = client.get(path)
                assert answer.status_code == 200
                shown.append(answer.text)
            config = client.get("/config").text
            assert f'webhook_url: "http://{host}/<hidden>,http://127.0.0.1:9/<hidden>"' in config
            assert f'slack_webhook_url: "http://{host}/<hidden>"' in config
            assert f'alertmanager_url: "http://<hidden>@{host}/prefix?<hidden>,http://<hidden>@127.0.0.1:9"' in config
    log = (tmp_path / "data.stderr").read_text()
    assert "was not told" in log
    for each in (log, *shown, (tmp_path / "data" / FILE).read_bytes().decode("latin-1")):
        for secret in ("PATHTOKEN", "QUERYTOKEN", "USERTOKEN"):
            assert secret not in each


def test_what_waits_under_the_path_of_a_webhook_is_not_lost(tmp_path: Path) -> None:
    """As the file had it before: the whole path was the name of the receiver."""
    with receiver() as hook:
        settings = RulerSettings(webhooks=(f"{hook.url}/services/PATHTOKEN",))
        database = RulerDatabase(tmp_path / FILE)
        waiting = [Message("a", "rules;g", "Kept", "", ())]
        Outbox(database, lambda: 0, 10).put(f"webhook {hook.url}/services/PATHTOKEN", waiting)
        database.close()

        async def run() -> None:
            ruler = Ruler(settings, Queries(), tmp_path, clock=lambda: 0)
            await ruler.start()
            await asyncio.to_thread(hook.wait_for, 1)
            await ruler.close()

        asyncio.run(run())
    assert "Kept" in str(hook.requests[0].body)


def test_parameters_of_an_alertmanager_stay_behind_the_path(tmp_path: Path) -> None:
    with receiver() as alertmanager, ruled_server(tmp_path, ALWAYS, alertmanager_url=f"{alertmanager.url}/am/?key=T"):
        alertmanager.wait_for(1)
    assert alertmanager.requests[0].path == "/am/api/v2/alerts?key=T"


def test_receivers_are_told_apart_by_their_place_and_host() -> None:
    urls = ("https://hooks.example.org/a/b", "https://hooks.example.org/a/c", "https://hooks.example.org/a/b")
    made = list(receivers(RulerSettings(webhooks=urls)))
    assert [each.name for each in made] == [
        "webhook 1 https://hooks.example.org",
        "webhook 2 https://hooks.example.org",
    ]
    assert len({each.key for each in made}) == 2
