"""The logging handler: what it ships, and what it does when the server is slow, angry or gone."""

import json
import logging
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from sigyn.client.handler import SigynHandler
from sigyn.model.errors import BadRequest, Unavailable

from .receiver import Receiver, receiver

LABELS = {"app": "shop", "env": "test"}


@contextmanager
def logger(server: Receiver, **arguments: Any) -> Iterator[tuple[logging.Logger, SigynHandler]]:
    handler = SigynHandler(server.url, labels=LABELS, **{"interval": 0.01, **arguments})
    log = logging.Logger("shop.checkout")
    log.addHandler(handler)
    try:
        yield log, handler
    finally:
        handler.close()


def test_records_go_as_json_with_level_and_logger() -> None:
    with receiver() as server, logger(server) as (log, handler):
        log.warning("paid %s", "late", extra={"order": 7, "when": {1}})
        handler.flush()
    (request,) = server.requests
    assert request.body["streams"][0]["stream"] == LABELS
    ((_, line, metadata),) = request.values()
    assert json.loads(line) == {
        "level": "warning",
        "logger": "shop.checkout",
        "message": "paid late",
        "order": 7,
        "when": "{1}",
    }
    assert metadata == {"level": "warning", "logger": "shop.checkout"}
    assert (handler.shipped, handler.dropped, handler.last_error) == (1, 0, None)


def test_a_record_that_is_no_text_stops_nothing() -> None:
    with receiver() as server, logger(server, format="text") as (log, handler):
        log.error("can't read %s", os.fsdecode(b"caf\xe9.txt"))
        handler.flush()
        log.error("after it")
        handler.flush()
    assert [line for _, line, _ in server.accepted()] == ["can't read caf\udce9.txt", "after it"]
    assert (handler.shipped, handler.dropped) == (2, 0)


def test_times_are_those_of_the_records() -> None:
    with receiver() as server, logger(server) as (log, handler):
        record = log.makeRecord("x", logging.INFO, "file", 1, "message", (), None)
        record.created = 1768471260.123456
        log.handle(record)
        handler.flush()
    assert server.accepted()[0][0] == "1768471260123456000"


def test_exceptions_go_along() -> None:
    with receiver() as server, logger(server) as (log, handler):
        try:
            raise ValueError("no stock")
        except ValueError:
            log.exception("failed")
        handler.flush()
    line = json.loads(server.accepted()[0][1])
    assert line["exception_type"] == "ValueError"
    assert line["stack_trace"].endswith("ValueError: no stock")


def test_lines_are_text_or_what_the_formatter_makes_of_them() -> None:
    with receiver() as server:
        with logger(server, format="text") as (log, _):
            log.info("plain %d", 1)
        with logger(server) as (log, handler):
            handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
            log.error("mine")
    assert [value[1] for value in server.accepted()] == ["plain 1", "ERROR mine"]


@pytest.mark.parametrize(
    "extra",
    [
        {"trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331"},
        {"otelTraceID": "0af7651916cd43dd8448eb211c80319c", "otelSpanID": "b7ad6b7169203331"},
    ],
)
def test_traces_come_from_the_record(extra: dict[str, str]) -> None:
    with receiver() as server, logger(server) as (log, _):
        log.info("traced", extra=extra)
        log.info("not traced", extra={"trace_id": "0" * 32, "span_id": "0"})
    traced, untraced = server.accepted()
    assert traced[2]["trace_id"] == "0af7651916cd43dd8448eb211c80319c"
    assert traced[2]["span_id"] == "b7ad6b7169203331"
    assert "trace_id" not in untraced[2]


def test_traces_come_from_the_current_span_of_a_program_with_opentelemetry(monkeypatch: pytest.MonkeyPatch) -> None:
    context = SimpleNamespace(is_valid=True, trace_id=0xAF7, span_id=0xB7)
    trace = SimpleNamespace(get_current_span=lambda: SimpleNamespace(get_span_context=lambda: context))
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", trace)
    with receiver() as server, logger(server) as (log, _):
        log.info("in a span")
        context.is_valid = False
        log.info("in none")
    traced, untraced = server.accepted()
    assert (traced[2]["trace_id"], traced[2]["span_id"]) == ("af7".zfill(32), "b7".zfill(16))
    assert "trace_id" not in untraced[2]


def test_records_go_in_batches_in_their_order() -> None:
    with receiver() as server, logger(server, batch_size=100, interval=60) as (log, handler):
        for number in range(250):
            log.info("%d", number)
        server.wait_for(2)
        handler.flush()
    assert [len(request.values()) for request in server.requests] == [100, 100, 50]
    assert [json.loads(value[1])["message"] for value in server.accepted()] == [str(number) for number in range(250)]


def test_what_can_succeed_later_is_tried_again() -> None:
    with receiver() as server:
        server.answers += [(503, "starting", {}), (429, "slow down", {"Retry-After": "0"})]
        with logger(server) as (log, handler):
            log.info("x")
            server.wait_for(3)
            handler.flush()
            assert (handler.shipped, handler.dropped) == (1, 0)
    assert [request.values()[0][1] for request in server.requests] == [server.requests[0].values()[0][1]] * 3


def test_what_is_refused_is_not_tried_again(capsys: pytest.CaptureFixture[str]) -> None:
    with receiver() as server:
        server.answers.append((400, "entry too new", {}))
        with logger(server) as (log, handler):
            log.info("bad")
            handler.flush()
            log.info("good")
            handler.flush()
            assert (handler.shipped, handler.dropped) == (1, 1)
            assert isinstance(handler.last_error, BadRequest)
    assert "sigyn: log records were refused, up to 1: entry too new" in capsys.readouterr().err


def test_a_full_queue_drops_and_counts_and_never_waits(capsys: pytest.CaptureFixture[str]) -> None:
    with receiver() as gone:
        pass
    handler = SigynHandler(gone.url, labels=LABELS, queue_size=5, batch_size=1, interval=0, close_timeout=0)
    log = logging.Logger("x")
    log.addHandler(handler)
    for number in range(20):
        log.info("%d", number)
    assert handler.dropped >= 14
    handler.flush(timeout=0.05)
    assert isinstance(handler.last_error, Unavailable)
    assert "log records wait: can't reach" in capsys.readouterr().err
    handler.close()
    assert handler.dropped == 20


def test_a_message_that_can_not_be_formatted_is_loggings_affair(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", True)
    with receiver() as server, logger(server) as (log, _):
        log.info("%d", "no number")
        log.info("fine")
    assert len(server.accepted()) == 1
    assert "Logging error" in capsys.readouterr().err


def test_a_handler_needs_labels() -> None:
    with pytest.raises(BadRequest, match="the handler needs labels"):
        SigynHandler(labels={})


def run(server: Receiver, program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), server.url],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )


def test_three_lines_are_enough_and_the_last_record_is_shipped_at_exit() -> None:
    with receiver() as server:
        run(
            server,
            """
            import logging, sys
            from sigyn.client.handler import SigynHandler
            logging.getLogger().addHandler(SigynHandler(sys.argv[1], labels={"app": "shop"}))
            logging.getLogger("x").error("the last word")
            """,
        )
    assert [json.loads(value[1])["message"] for value in server.accepted()] == ["the last word"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_process_ships_its_own_records_and_not_its_parents() -> None:
    with receiver() as server:
        run(
            server,
            """
            import logging, os, sys
            from sigyn.client.handler import SigynHandler
            handler = SigynHandler(sys.argv[1], labels={"app": "shop"}, interval=60)
            logging.getLogger().addHandler(handler)
            logging.error("parent")
            child = os.fork()
            if child == 0:
                logging.error("child")
                logging.shutdown()
                os._exit(0)
            os.waitpid(child, 0)
            """,
        )
    assert sorted(json.loads(value[1])["message"] for value in server.accepted()) == ["child", "parent"]
