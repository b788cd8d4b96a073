"""`| logfmt`: which pairs of a line count."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigyn.engine.interpreter.logfmt_syntax import BadPair, pairs
from tests.engine.interpreter.running import parsed

ERROR = {"__error__": "LogfmtParserErr"}


@pytest.mark.parametrize(
    ("line", "labels"),
    [
        ("k=first k=second", {"k": "first"}),
        ('msg="two words" n=3', {"msg": "two words", "n": "3"}),
        (r'msg="escaped \"quotes\" and \\ backslash" n=3', {"msg": r'escaped "quotes" and \ backslash', "n": "3"}),
        (r'msg="tab\tnewline\n" q="\u00e9" e="\ud83d\ude00"', {"msg": "tab\tnewline\n", "q": "é", "e": "😀"}),
        ('half="\\ud83dx"', {"half": " x"}),
        ('bad="\\x" ok=1', {"ok": "1"}),
        ('bad="a\\nb\nc" ok=1', {"ok": "1"}),
        ('raw="a\nb" ok=1', {"raw": "a\nb", "ok": "1"}),
        ('a="x"b=2', {"a": "x", "b": "2"}),
        ("flag empty= quoted=\"\" a=1", {"a": "1"}),
        ("user-id=u1 a.b=dot 9lives=cat ünï=x", {"user_id": "u1", "a_b": "dot", "_9lives": "cat", "_n_": "x"}),
        ("a=b=c x=1", {"x": "1"}),
        ('a=bcd"e x=1', {"x": "1"}),
        ('k="a"="b" x=1', {"k": "a", "x": "1"}),
        ('a=1 b="\\"" c= d="" e=2\n f="\n"', {"a": "1", "b": '"', "e": "2", "f": "\n"}),
        ("=novalue y=2", {"y": "2"}),
        ('inva"lid=1 good=2', {"good": "2"}),
        ('json={"a":1} k=v', {"k": "v"}),
        ('a=1 msg="unterminated b=2', {"a": "1"}),
        ("spaces   around = sign a = b", {}),
        ("a=1\tb=2\nc=3", {"a": "1", "b": "2", "c": "3"}),
        ("app=x trace=y", {"app_extracted": "x", "trace_extracted": "y"}),
        ("a=x\ufffdy b\ufffd=1 c=2", {"a": "x y", "c": "2"}),
        ("", {}),
    ],
)  # fmt: skip
def test_pairs(line: str, labels: dict[str, str]) -> None:
    assert parsed("| logfmt", line, trace="t") == labels


@pytest.mark.parametrize(
    ("line", "labels"),
    [
        ("a=1 b=c=d e=2", {"a": "1"} | ERROR),
        ("=novalue y=2", ERROR),
        ('inva"lid=1 good=2', ERROR),
        ('a=1 msg="unterminated', {"a": "1"} | ERROR),
        ("a=1 flag b=", {"a": "1"}),
    ],
)
def test_strict_stops_at_the_first_bad_pair(line: str, labels: dict[str, str]) -> None:
    assert parsed("| logfmt --strict", line) == labels


def test_keep_empty() -> None:
    assert parsed("| logfmt --keep-empty", 'flag a= b="" c=1') == {"flag": "", "a": "", "b": "", "c": "1"}


@pytest.mark.parametrize(
    ("stage", "line", "labels"),
    [
        ('| logfmt a, other="b"', "a=1 b=2 c=3", {"a": "1", "other": "2"}),
        ("| logfmt k", "k=first k=second", {"k": "second"}),
        ("| logfmt a, missing", "a=", {"a": "", "missing": ""}),
        ('| logfmt app, x="env"', "app=inner env=e", {"app_extracted": "inner", "x": "e"}),
        ('| logfmt app="nosuch"', "a=1", {}),
        ('| logfmt u="user_id"', "user-id=7", {"u": "7"}),
        ('| logfmt --strict msg, a="a"', 'msg="unterminated a=1', {"msg": "", "a": ""} | ERROR),
    ],
)
def test_asked_for(stage: str, line: str, labels: dict[str, str]) -> None:
    assert parsed(stage, line) == labels


def test_errors_tell_the_byte() -> None:
    assert [str(pair) for pair in pairs("é=1 =2") if isinstance(pair, BadPair)] == [
        "logfmt syntax error at pos 6 : unexpected '='"
    ]


names = st.text(alphabet="abcxyz_", min_size=1, max_size=5)
values = st.text(alphabet='abc 01="\\{}é', max_size=8)


@given(st.dictionaries(names, values))
def test_quoted_pairs_come_back(fields: dict[str, str]) -> None:
    def quote(value: str) -> str:
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'

    line = " ".join(f"{name}={quote(value)}" for name, value in fields.items())
    assert list(pairs(line)) == list(fields.items())
