"""The page's own routes over HTTP: headers, files, links of other tools, the dashboards' API."""

import gzip
import re
from pathlib import Path

import httpx
import pytest

from sigyn.ui.page import STATIC

DASHBOARDS = "/sigyn/api/v1/dashboards"


@pytest.fixture
def client(server_url: str) -> httpx.Client:
    return httpx.Client(base_url=server_url, timeout=30)


def test_the_page_may_talk_to_this_server_alone(client: httpx.Client) -> None:
    first, second = client.get("/"), client.get("/")
    policy = first.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "connect-src 'self'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"https?:", policy)
    assert policy != second.headers["content-security-policy"]  # a nonce of its own
    nonce = re.search(r"'nonce-([^']+)'", policy)
    assert nonce
    assert f'content="{nonce[1]}"' in first.text
    assert first.headers["x-content-type-options"] == "nosniff"
    assert first.headers["cache-control"] == "no-store"
    assert not re.search(r"<script(?![^>]*src=)|<style|\son\w+=", first.text)


def test_files_are_kept_for_ever_and_nothing_else_is_served(client: httpx.Client) -> None:
    names = re.findall(r'"\./(assets/[^"]+)"', client.get("/").text)
    assert names
    for name in names:
        answer = client.get(f"/{name}")
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    for path in ("/assets/index.html", "/assets/..%2Findex.html", "/assets/..%2f..%2fpage.py", "/assets/none.js"):
        assert client.get(path).status_code == 404


def test_the_page_names_no_other_host() -> None:
    files = [path for path in STATIC.rglob("*") if path.suffix in (".html", ".js", ".css")]
    # An error of the Markdown parser says where to report it; nobody is led there, and nothing is asked of it.
    report = "Please report this to https://github.com/markedjs/marked."
    texts = [path.read_text().replace(report, "") for path in files]
    named = {host for text in texts for host in re.findall(r"(?:https?:)?//([a-z0-9-]+\.[a-z.]+)/", text)}
    assert named <= {"www.w3.org"}, "namespaces alone may look like addresses"


def test_the_page_is_small() -> None:
    total = sum(len(gzip.compress(path.read_bytes())) for path in Path(STATIC).rglob("*") if path.is_file())
    assert total < 500_000


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        (
            '/explore?left={"queries":[{"expr":"{a=\\"b\\"}"}],"range":{"from":"now-3h","to":"now"}}',
            "logs?q=%7Ba%3D%22b%22%7D&from=now-3h&to=now",
        ),
        ('/explore?panes={"x":{"queries":[{"expr":"{}"}]}}', "logs?q=%7B%7D"),
        ('/explore?left={"datasource":"Jaeger","queries":[{"query":{"traceID":"abc"}}]}', "traces?id=abc"),
        (
            '/explore?left={"queries":[{"expr":"a:b > 1","datasource":{"type":"prometheus"}}]}',
            "metrics?q=a%3Ab+%3E+1",
        ),
        ('/explore?left={"queries":[{"expr":"{}","datasource":"Loki"}]}', "logs?q=%7B%7D"),
        ("/explore", "logs?"),
    ],
)
def test_links_of_grafana(client: httpx.Client, asked: str, place: str) -> None:
    answer = client.get(asked)
    assert (answer.status_code, answer.headers["location"]) == (302, f"./#/{place}")


def test_links_to_dashboards(client: httpx.Client) -> None:
    assert client.get("/d/errors?var-service=ryot").headers["location"] == "../#/dashboards?uid=errors&var-service=ryot"
    assert client.get("/d/errors/errors").headers["location"] == "../../#/dashboards?uid=errors"


def test_a_link_that_grafana_would_not_write(client: httpx.Client) -> None:
    answer = client.get("/explore?left=[1]")
    assert answer.status_code == 400
    assert "not what Grafana writes" in answer.text


def test_saving_a_dashboard(client: httpx.Client) -> None:
    saved = client.post(DASHBOARDS, json={"title": "My Team's  Board", "panels": []})
    assert saved.json()["data"] == {"uid": "my-team-s-board"}
    assert client.get(f"{DASHBOARDS}/my-team-s-board").json()["data"]["title"] == "My Team's  Board"
    assert client.put(f"{DASHBOARDS}/my-team-s-board", json={"title": "Renamed"}).status_code == 200
    listed = {each["uid"]: each for each in client.get(DASHBOARDS).json()["data"]}
    assert (listed["my-team-s-board"]["title"], listed["my-team-s-board"]["source"]) == ("Renamed", "saved")
    assert client.delete(f"{DASHBOARDS}/my-team-s-board").status_code == 204
    assert client.get(f"{DASHBOARDS}/my-team-s-board").status_code == 404
    assert client.delete(f"{DASHBOARDS}/my-team-s-board").status_code == 404


def test_a_built_in_dashboard_can_be_changed_brought_back_and_hidden(client: httpx.Client) -> None:
    path = f"{DASHBOARDS}/trace-logs"
    original = client.get(path).json()["data"]
    client.put(path, json={"title": "Changed"})
    assert client.get(path).json()["data"]["title"] == "Changed"
    client.delete(path)
    assert client.get(path).json()["data"] == original
    client.delete(path)
    assert client.get(path).status_code == 404
    assert "trace-logs" not in {each["uid"] for each in client.get(DASHBOARDS).json()["data"]}
    client.post(DASHBOARDS, json=original)
    assert client.get(path).json()["data"]["title"] == original["title"]
    client.delete(path)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"[]", "a dashboard is a JSON object"),
        (b"{", "the dashboard is no JSON"),
        (b'{"title":" "}', "has no `title`"),
        (b'{"title":"a","panels":{}}', "`panels` of the dashboard is no list"),
        (b'{"title":"a","uid":"../x"}', "uid `../x` is none"),
    ],
)
def test_what_is_no_dashboard(client: httpx.Client, body: bytes, reason: str) -> None:
    answer = client.post(DASHBOARDS, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert reason in answer.text


def test_another_sites_form_can_save_nothing(client: httpx.Client) -> None:
    answer = client.post(DASHBOARDS, content=b'{"title":"a"}', headers={"Content-Type": "text/plain"})
    assert answer.status_code == 400
    assert "Content-Type: application/json" in answer.text
