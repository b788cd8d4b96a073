"""The small push client, against a server that remembers."""

import base64

import pytest

from sigyn.client.push import PushClient, PushEntry, push_body
from sigyn.model.errors import BadRequest, SigynError, TooLarge, TooManyRequests, Unavailable
from sigyn.wire.loki_json import decode_loki_json

from .receiver import receiver

ENTRY = PushEntry((("app", "shop"),), 5, "x", {"k": "v"})


def test_the_body_is_a_push_that_the_server_reads() -> None:
    entries = [ENTRY, PushEntry((("b", "c"),), 6, "y"), PushEntry((("app", "shop"),), 7, "z", {})]
    decoded = decode_loki_json(push_body(entries))
    assert decoded.streams == ((("app", "shop"),), (("b", "c"),))
    assert [tuple(row.values()) for row in decoded.entries.to_pylist()] == [
        (0, 5, "x", '{"k":"v"}'),
        (0, 7, "z", None),
        (1, 6, "y", None),
    ]


def test_what_is_no_text_is_replaced() -> None:
    entry = PushEntry((("app", "caf\udce9"),), 5, "ends \ud83d", {"file": "\udcff.log", "k": "é"})
    decoded = decode_loki_json(push_body([ENTRY, entry]))
    assert decoded.streams == ((("app", "shop"),), (("app", "caf\ufffd"),))
    assert [(row["line"], row["metadata"]) for row in decoded.entries.to_pylist()] == [
        ("x", '{"k":"v"}'),
        ("ends \ufffd", '{"file":"\ufffd.log","k":"é"}'),
    ]


@pytest.mark.parametrize("given", [{"bearer_token": "token\n"}, {"tenant": "team-é"}])
def test_what_no_header_may_have_is_told_at_once(given: dict[str, str]) -> None:
    with pytest.raises(BadRequest, match="has a line break") as told:
        PushClient("http://127.0.0.1:1", **given)
    assert "token" not in str(told.value)


def test_a_push_goes_to_its_place_with_what_proxies_want() -> None:
    with receiver() as server:
        client = PushClient(server.url + "/", tenant="team-a", username="me", password="secret")
        client.push([ENTRY])
        client.push([ENTRY])
        client.close()
        PushClient(server.url + "/proxy", bearer_token="token").push([ENTRY])
        PushClient(server.url + "/loki/api/v1/push").push([ENTRY])
    first, _, third, fourth = server.requests
    assert (first.path, third.path, fourth.path) == (
        "/loki/api/v1/push",
        "/proxy/loki/api/v1/push",
        "/loki/api/v1/push",
    )
    assert first.headers["X-Scope-OrgID"] == "team-a"
    assert first.headers["Authorization"] == "Basic " + base64.b64encode(b"me:secret").decode()
    assert third.headers["Authorization"] == "Bearer token"
    assert first.body == {"streams": [{"stream": {"app": "shop"}, "values": [["5", "x", {"k": "v"}]]}]}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadRequest),
        (401, BadRequest),
        (413, TooLarge),
        (429, TooManyRequests),
        (500, Unavailable),
        (503, Unavailable),
    ],
)
def test_errors_say_whether_to_try_again(status: int, kind: type[SigynError]) -> None:
    with receiver() as server:
        server.answers.append((status, "what was wrong\n", {"Retry-After": "7"}))
        client = PushClient(server.url)
        with pytest.raises(kind, match="what was wrong") as error:
            client.push([ENTRY])
        client.push([ENTRY])
        client.close()
    if isinstance(error.value, TooManyRequests):
        assert error.value.retry_after == 7
    assert len(server.requests) == 2


@pytest.mark.parametrize(("asked", "waits"), [("7", 7), ("soon", 1), ("9" * 30, 3600), ("9" * 400, 3600)])
def test_nobody_waits_for_ever(asked: str, waits: float) -> None:
    with receiver() as server:
        server.answers.append((429, "slow down\n", {"Retry-After": asked}))
        client = PushClient(server.url)
        with pytest.raises(TooManyRequests) as error:
            client.push([ENTRY])
        client.close()
    assert error.value.retry_after == waits


def test_no_server_is_unavailable() -> None:
    with receiver() as server:
        url = server.url
    with pytest.raises(Unavailable, match=f"can't reach {url}"):
        PushClient(url).push([ENTRY])


@pytest.mark.parametrize("url", ["localhost:3100", "ftp://x", "http://", ""])
def test_an_address_has_a_scheme_and_a_host(url: str) -> None:
    with pytest.raises(BadRequest, match="is no address of a server"):
        PushClient(url)
