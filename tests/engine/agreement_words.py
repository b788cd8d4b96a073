"""What lines, labels and queries of the agreement tests are made of: few words, so that they meet."""

import msgspec
from hypothesis import strategies as st

from sigyn.model.labels import labels_of
from sigyn.model.time import MINUTE, SECOND
from tests.languages.strategies import Vocabulary

NAMES = (
    "app",
    "_9lives",
    "b_9lives",
    "a_____",
    "____",
    "trimmed",
    "___trimmed",
    "level",
    "status",
    "took",
    "size",
    "ip",
    "user_id",
    "a_b",
    "msg",
    "trace_id",
    "detected_level",
    "nosuch",
    "__error__",
    "level_extracted",
    "user_id_extracted",
)
VALUES = (
    "",
    "shop",
    "error",
    "500",
    "200",
    "1.5s",
    "20ms",
    "3KB",
    "10.0.0.7",
    "u-1",
    "x",
    "1.10",
    "7",
    "-3",
    "1e3",
    "NaN",
    "-Inf",
    "1e400",
    "007",
    "9007199254740993",
    "a\r\nb",
    "\0",
    "ſK",
    "Zähler läuft",
    "x\ufffdy",
    "\x1b[31mred\x1b[0m",
    "1.2.3.4.5 10.0.0.300",
    "::1 at 06:26:10.250",
    "10.0.0.8:80",
    "t1",
    "4bf92f3577b34da6a3ce929d0e0e4736",
    "00f067aa0ba902b700f067aa0ba902b7",
    "2026-01-15T10:00:00.123Z",
    "2026-01-15T10:19:59.000Z",
    "to u-1 level=error user_id=u-1 status=500",  # a parser looks into lines of another syntax, too
    '{"level":"error","user_id":"u-1","status":"500"}',
)
KEYS = (
    "level",
    "status",
    "took",
    "size",
    "ip",
    "user_id",
    "user-id",
    "a",
    "a_b",
    "b",
    "msg",
    "app",
    "x.y",
    "9lives",
    " trimmed",
    "\u3000trimmed\u00a0",
    "\u2028\ufffd",
    "日\u3000本",
    "level_extracted",
    "ключ",
    "__error__",
)

values = st.sampled_from(VALUES) | st.text(max_size=6)
json_scalars = st.one_of(
    values,
    st.integers(-1000, 1000),
    st.sampled_from((1.5, 0.1, 250.0, 1e3)),
    st.booleans(),
    st.none(),
)
json_values = st.recursive(
    json_scalars,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=4,
)
json_lines = st.dictionaries(st.sampled_from(KEYS), json_values, max_size=6).map(
    lambda document: msgspec.json.encode(document).decode()
)


def _logfmt(pairs: list[tuple[str, str, bool]]) -> str:
    return " ".join(
        f'{key}="{value}"' if quoted else (f"{key}={value}" if value else key) for key, value, quoted in pairs
    )


logfmt_lines = st.lists(st.tuples(st.sampled_from(KEYS), values, st.booleans()), max_size=5).map(_logfmt)
access_lines = st.builds(
    lambda ip, path, status, took: f'{ip} - "GET {path} HTTP/1.1" {status} {took}',
    st.sampled_from(("10.0.0.7", "2001:db8::1", "-")),
    st.sampled_from(("/", "/a/b", "/q?x=1")),
    st.sampled_from(("200", "500", "-")),
    st.sampled_from(("1.5s", "20ms", "7")),
)
odd_logfmt_lines = st.lists(
    st.sampled_from(
        (
            "level=error",
            'level="a b',
            'level="x"status=500',
            "=x",
            "5xx=3",
            "5xx=",
            "9",
            "ключ=1",
            "\u00a0trimmed=1",
            "трimmed\u2003=x",
            "ключ",
            "le\ufffdvel=1",
            'le"vel=x',
            "status=a=b",
            'status=a"b',
            'took="a\\"b"',
            "user-id=u-1",
            '"status=500"',
            "status=",
            'status=""',
            "\t",
        )
    ),
    max_size=4,
).map(" ".join)
broken_lines = st.one_of(
    odd_logfmt_lines,
    json_lines.map(lambda line: line[:-1]),
    json_lines.map(lambda line: f"{line} tail"),
    json_lines.map(lambda line: line.replace('":"', '" : "').replace(",", ",,")),
    st.sampled_from(
        ('{"a":1,"a":2}', '{"a":{"b":1},"a_b":2}', '{"status":1.10}', '{"msg":"q\\"uote"}', "[1]", "", "{}")
    ),
    st.text(max_size=12),
)
lines = st.one_of(json_lines, logfmt_lines, access_lines, broken_lines)
# Texts that differ by their numbers, which are held as templates where there are some of them.
numbered_lines = st.builds(
    lambda layout, number, fraction, status: layout.format(number=number, fraction=fraction, status=status),
    st.sampled_from(
        (
            '{{"msg":"took {number} ms","took":"{number}.{fraction}s","status":"{status}"}}',
            '{{"msg":"a \\"{number}\\" of {fraction}","took":"{number}KB","level":"error"}}',
            'level=error msg="took {number} ms" took={number}.{fraction}s',
        )
    ),
    st.integers(0, 600),
    st.integers(0, 9),
    st.sampled_from((200, 500)),
)

streams = st.lists(
    st.dictionaries(
        st.sampled_from(("app", "level", "env", "user_id")), st.sampled_from(("shop", "error", "u-1")), min_size=1
    ).map(labels_of),
    min_size=1,
    max_size=3,
    unique=True,
)
metadata = st.none() | st.dictionaries(
    st.sampled_from(("trace_id", "level", "size", "app", "__error__")), st.sampled_from(("t1", "error", "3KB"))
)

WORDS = Vocabulary(
    names=st.sampled_from(NAMES),
    values=st.sampled_from(VALUES),
    regexes=st.sampled_from(
        (
            ".*",
            ".+",
            "error|shop",
            r"\d+",
            "(?i)ERR",
            "(?<a>err)or[(?<]?",
            "",
            "[^a]+",
            "5..",
            "(?i)K",
            "(?i:LEVEL)=E",
            "zä[^a]+",
            "(?i)Ä.",
            r"\pL l",
        )
    ),
    line_texts=st.sampled_from(
        ("", "error", "500", "took ", " ms", "1", ".5s", '"level"', "level=", "GET", "a", "\\", "é", "ä")
    ),
    line_patterns=st.sampled_from(
        (
            "<_>error<_>",
            '<_> - "<_>" <_>',
            "{}",
            "<_>",
            '{"<_>":"<_>"}',
            "level=<_>",
            "<_>ms",
            '{<_>"<_>"<_>}',
            "<_>\\<_>",
        )
    ),
    capture_regexes=st.sampled_from(
        (
            r"status=(?<status>\d+)",
            r'"(?P<verb>[A-Z]+) (?P<path>\S+)',
            "(?P<level>err)",
            r"(?P<user_id>u-\d)?(?P<msg>x*)",
            r"(took|size)=(?P<took>(\d+)(\.\d)?)(?P<size>KB|ms)?$",
            r"(?i)^(?P<a_b>.)(?s:.*)(?P<status>\d)",
        )
    ),
    capture_patterns=st.sampled_from(
        ('<ip> - "<verb> <path> <_>" <status> <took>', "level=<level> <_>", "<msg>:<_>", "x<status>")
    ),
    json_paths=st.sampled_from(
        (
            "a",
            "a.b",
            "a_b",
            "b.a",
            "status",
            "user_id",
            '["user-id"]',
            '["x.y"]',
            "msg",
            '["9lives"].b',
            '["ключ"]',
            "a[0]",
            "a[1]",
            "a[0].b",
            "b.a[1]",
            "msg[0][1]",
            "a[0].b[0].status",
            "[0]",
            '["a"][""]',
            "status[4294967296]",
        )
    ),
    logfmt_keys=st.sampled_from(("level", "status", "took", "user-id", "user_id", "msg")),
    templates=st.sampled_from(
        (
            "{{.app}}",
            "{{.level}}-{{.status}}",
            "plain",
            '{"level":"{{.status}}"}',
            "{{ .level | ToUpper }}",
            '{"level":"{{ .status | trunc 1 }}","app":"{{ upper .app }}"}',
            '{{ if eq .level "error" }}level={{ .user_id }}{{ else }}{{ __line__ }}{{ end }}',
            "{{ __line__ | lower }}",
            "{{ .took | duration_seconds }}",
            "{{ div 7 .status }}",
            "{{ __timestamp__ | unixEpoch }} {{ $.level }}",
            "{{ .nosuch | default .__error__ }}",
            '{{ 1 | printf "%d" }}',
        )
    ),
    numbers=st.sampled_from((0.0, 1.0, 7.0, 200.0, 499.5, -3.0)),
    durations=st.sampled_from((SECOND, 20_000_000, 1)),
    byte_sizes=st.sampled_from((0, 3000, 3072, 1)),
    intervals=st.sampled_from((MINUTE, 90 * SECOND, 5 * MINUTE, 7 * SECOND)),
    offsets=st.sampled_from((0, 0, MINUTE, -MINUTE)),
)
