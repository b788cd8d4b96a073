"""`| regexp`, `| pattern` and `| decolorize`."""

import pytest

from tests.engine.interpreter.running import parsed, run


@pytest.mark.parametrize(
    ("stage", "line", "labels"),
    [
        (r"| regexp `took (?P<ms>\d+) ms`", "it took 15 ms", {"ms": "15"}),
        (r"| regexp `took (?P<ms>\d+) ms`", "nothing", {}),
        (r"| regexp `(?P<a>\w+)( (?P<b>\w+))?`", "one", {"a": "one", "b": ""}),
        (r"| regexp `(?P<app>\w+)`", "x", {"app_extracted": "x"}),
        (r"| regexp `(?P<a>Σ+)(x)(?P<b>.)`", "ΣΣxy", {"a": "ΣΣ", "b": "y"}),
        (r"| regexp `(?s)^(?P<first>\S+).*\n(?P<last>.*)$`", "a b\nc\nd e", {"first": "a", "last": "d e"}),
        ("| pattern `<ip> <_> <verb>`", "1.2.3.4 - GET", {"ip": "1.2.3.4", "verb": "GET"}),
        ("| pattern `<a>:<b>`", "no colon", {"a": "no colon"}),
        ("| pattern `<a>-<b>-<c>`", "1-2", {"a": "1", "b": "2"}),
        ("| pattern `[<a>] <b>`", "[x] y", {"a": "x", "b": "y"}),
        ("| pattern `[<a>] <b>`", " [x] y", {}),
        ("| pattern `<a> end`", "x end tail", {"a": "x"}),
        ("| pattern `<_>=<app>`", "k=v", {"app_extracted": "v"}),
        ("| pattern `<a> <b>`", " x", {"a": "", "b": "x"}),
        ("| pattern `<a>`", "", {}),
    ],
)
def test_labels(stage: str, line: str, labels: dict[str, str]) -> None:
    assert parsed(stage, line) == labels


@pytest.mark.parametrize(
    ("line", "plain"),
    [
        ("\x1b[31mERROR\x1b[0m done\x1b[K", "ERROR done"),
        ("\x1b[38;5;208mINFO\x1b[0m", "INFO"),
        ("\x1b[2J\x1b[H\x1b[1;35mstatus=debug\x1b[0m n=1", "status=debug n=1"),
        ("\x1b]0;title\x07text", "text"),
        ("brackets [a] (b) {c}", "brackets [a] (b) {c}"),
    ],
)
def test_decolorize(line: str, plain: str) -> None:
    entry = run("| decolorize", line)
    assert entry is not None
    assert entry.line == plain


@pytest.mark.parametrize(
    ("stage", "line"),
    [
        ("| json", '{"__error__":"x"}'),
        ("| json", '{"__error__":"x","odd":"\\ud800"}'),
        ('| json __error__="a"', '{"a":"x"}'),
        ('| json __error__="a"', '{"b":"x"}'),
        ("| logfmt", "__error__=x"),
        ('| logfmt __error__="a"', "a=x"),
        ('| logfmt __error__="a"', "b=x"),
        ("| regexp `(?P<__error__>x)`", "x"),
        ("| pattern `<_>=<__error__>`", "k=x"),
        ("| unpack", '{"__error__":"x"}'),
    ],
)
def test_no_line_says_of_itself_that_it_can_not_be_read(stage: str, line: str) -> None:
    labels = parsed(stage, line)
    assert "__error__" not in labels
    assert labels.get("__error___extracted", "x") == "x"


@pytest.mark.parametrize("stages", ["", "| logfmt", '| __error__=""'])
def test_no_sender_says_of_an_entry_that_it_can_not_be_read(stages: str) -> None:
    entry = run(stages, "x", __error__="sent")
    assert entry is not None
    assert entry.metadata == {"__error___extracted": "sent"}
