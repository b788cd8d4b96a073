"""`sigyn cardinality`: which labels make how many streams."""

import json
import time
from pathlib import Path

import httpx

from .commands import Sigyn
from .server import running_server


def test_the_labels_of_streams_and_what_became_of_ids(sigyn: Sigyn, tmp_path: Path) -> None:
    data = tmp_path / "data"
    now = time.time_ns()
    with running_server(data) as server:
        streams = [
            {
                "stream": {"app": "shop", "pod": f"p{number % 4}", "user_id": f"u{number}"},
                "values": [[str(now), "a line"]],
            }
            for number in range(40)
        ]
        streams.append({"stream": {"app": "idle"}, "values": [[str(now - 26 * 3600 * 10**9), "old"]]})
        body = {"streams": streams}
        assert httpx.post(f"{server.url}/loki/api/v1/push", json=body).status_code == 204

        sigyn.addr = server.url
        shown = sigyn("cardinality")
        assert shown.lines[0] == "4 streams, new in the last hour 4, in the last day 4"
        rows = [line.split() for line in shown.lines]
        assert ["pod", "4", "4", "4", "4", "p0", "1"] in rows
        assert ["app", "1", "1", "1", "4", "shop", "4"] in rows
        assert any(row[:1] == ["user_id"] and "id" in row and "31" in row for row in rows)
        assert '{app="shop", pod="p0", service_name="shop"}' in shown.out

        longer = json.loads(sigyn("cardinality", "--since", "48h", "--output", "json", "--limit", "1").out)
        assert longer["streams"] == {"total": 5, "hour": 4, "day": 4}
        assert [len(label["top"]) for label in longer["labels"]] == [1, 1, 1]
        assert longer["labels"][1]["top"] == [{"value": "shop", "streams": 4, "entries": 40, "bytes": 240}]
        assert [stream["bytes"] for stream in longer["top_streams"]] == [60]

        assert sigyn("cardinality", "--promote", "user_id").lines == ["user_id is a label of streams again"]
        assert sigyn("cardinality", "--promote", "nosuch").code == 1
        assert sigyn("cardinality", "--promote", "a", "--demote", "b").code == 2
        server.stop()
    sigyn.addr = ""
    assert sigyn("cardinality", "--data", str(data), "--demote", "pod").lines == ["pod is demoted"]
    found = json.loads(sigyn("cardinality", "--data", str(data), "--output", "json").out)
    assert [(label["name"], label["promoted"]) for label in found["demoted"]] == [("pod", False), ("user_id", True)]
