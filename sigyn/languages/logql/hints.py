"""Says what would be right, for the slips that people make most."""

import difflib
import re

from sigyn.languages.lexer import BAD, Token
from sigyn.languages.logql.tokens import FUNCTIONS, PIPE_WORDS, RANGE_OPERATORS, STAGE_WORDS, WORDS, tokenise
from sigyn.languages.unclosed import NOT_TERMINATED, hint_for_quote, hint_for_unclosed, hint_for_unread, position

_BEFORE = re.compile(r"(\|?)[ \t\r\n]*(\w+|\S)[ \t\r\n]*\Z")
_STAGES_OF_OTHERS = {
    "grep": '|= "text"',
    "search": '|= "text"',
    "parse": "pattern",
    "tail": "sort by _time desc | limit",
    "select": "fields",
    "extract": "regexp",
    "rename": "label_format",
    "group": "stats",
    "summarize": "stats",
    "project": "fields",
    "eval": "math",
    "extend": "math",
    "take": "limit",
    "dedup": "uniq by",
    "distinct": "uniq by",
}
"""What people bring from other languages, and what it is called here."""

_STAGES_AND_PIPES = (*STAGE_WORDS, *PIPE_WORDS)
_STAGES_OF_ONE_WORD = ("json", "logfmt", "unpack", "decolorize")
_PROMQL_FUNCTIONS = frozenset(
    ("histogram_quantile", "increase", "irate", "delta", "idelta", "deriv", "predict_linear", "resets", "changes")
)
_FUNCTION_NAMES = [name for name, kind in FUNCTIONS.items() if not kind.endswith("_CONV") and name != "ip"]
COMPARISONS = frozenset(("=", "==", "!=", ">", ">=", "<", "<=", "=~", "!~"))
_BEHIND_BRACKETS = frozenset(("RANGE", "|", "|=", "|~", "|>", "!=", "!~", "!>", "(", "{"))
"""Tokens that come where the bracket before them was meant to be closed."""

_LOWER_CASE_UNIT = re.compile(r"[0-9](?:[kmgtp]i?)?b[ \t\r\n]*\Z")


def hint_for(query: str, token: Token, message: str) -> str:
    """A sentence, or nothing when the slip is not one of the usual."""
    if message == "invalid char literal":
        return f"a string stands between double quotes or backquotes: `{token.text[1:-1]}`"
    if message == "invalid char escape":
        return r"write \\ for a backslash, or put the string between backquotes: `\d+`"
    if token.text.startswith("[$"):
        return f"{token.text} is a variable of Grafana; outside of it write a duration: [5m]"
    if token.kind == BAD and (hint := _hint_for_unread(query, token, message)):
        return hint
    _, _, expected = message.partition(", expecting ")
    before = _BEFORE.search(query, max(0, token.start - 200), token.start)
    bar, previous = before.groups() if before else ("", "")
    if bar and token.kind not in COMPARISONS and (hint := hint_for_stage(previous)):
        return hint
    if _LOWER_CASE_UNIT.search(query, max(0, token.start - 40), token.start):
        return "units of bytes are written B, kB, KB, KiB, MB, MiB, GB, ..."
    *read, _ = tokenise(query[: token.start], extended=True)
    if message.startswith("syntax error: unexpected") and (
        hint := hint_for_unclosed(query, read, token, expected, _BEHIND_BRACKETS)
    ):
        return hint
    if token.kind == "IDENTIFIER":
        return hint_for_quote(query, read, token) or _hint_for_identifier(query, token, expected, previous)
    if token.kind in WORDS and expected.startswith("IDENTIFIER"):
        return f"`{token.text}` is a word of the language and can't be a label name here"
    if token.kind in RANGE_OPERATORS and expected.startswith("NUMBER or {"):
        return f"a range aggregation takes log lines, not an aggregation; here {token.text}(...) alone may do"
    match token.kind:
        case "STRING" if previous == "=" and query[: token.start].rstrip().endswith("=="):
            return f"text is compared with one `=`: ={token.text}"
        case "unwrap":
            return "unwrap belongs into a range aggregation: sum_over_time({...} | unwrap duration_ms [5m])"
        case "RANGE" if read and read[-1].text in ("=", "!=", "=~", "!~"):
            return f'what stands in front of {token.text} is compared with nothing; the empty text is ""'
        case "RANGE":
            return f"a range belongs into a range aggregation: count_over_time({{...}}{token.text})"
        case _:
            return ""


def _hint_for_unread(query: str, token: Token, message: str) -> str:
    if message == NOT_TERMINATED and token.text == "'":
        return "a string stands between double quotes or backquotes"
    if message == "comment not terminated":
        return f"`/*` {position(query, token)} is not closed: `*/` is missing"
    return hint_for_unread(query, token, message)


def is_slip_of_stage(name: str) -> bool:
    """Whether a name that stands alone behind a bar looks like a stage that does so, written wrong."""
    return bool(difflib.get_close_matches(name.lower(), _STAGES_OF_ONE_WORD, n=1, cutoff=0.81))


def hint_for_stage(name: str) -> str:
    """What a name behind a bar may have meant; nothing when it is a stage, or like none."""
    if name.lower() in PIPE_WORDS:
        return f"LogQL has no stage `{name}`; Sigyn has, unless it is told to take Loki's language alone"
    if name.lower() in _STAGES_OF_OTHERS:
        return f"there is no stage `{name}`; did you mean `{_STAGES_OF_OTHERS[name.lower()]}`?"
    if not name.isidentifier() or name.lower() in STAGE_WORDS:
        return ""
    near = difflib.get_close_matches(name.lower(), _STAGES_AND_PIPES, n=1, cutoff=0.7)
    return f"there is no stage `{name}`; did you mean `{near[0]}`?" if near else ""


def _hint_for_identifier(query: str, token: Token, expected: str, previous: str) -> str:
    before = query[: token.start].rstrip()
    is_compared = not expected and before.endswith(("=", "=~", "!~")) and not before.endswith("==")
    is_called = query[token.end :].lstrip().startswith("(")
    if expected.startswith("STRING") or (is_compared and not is_called):
        return f'a value stands in quotes: "{token.text}"'
    if expected.startswith("NUMBER or {"):
        return 'a range aggregation takes a log query with a range, and LogQL knows no metric names: {app="shop"}[5m]'
    if expected == "(" and previous in ("by", "without", "on", "ignoring"):
        return f"labels stand in parentheses: {previous} ({token.text})"
    if is_called:
        return _hint_for_function(token.text)
    return ""


def _hint_for_function(name: str) -> str:
    if name in _PROMQL_FUNCTIONS:
        return f"`{name}` is a function of PromQL; LogQL has none of that name"
    near = difflib.get_close_matches(name.lower(), _FUNCTION_NAMES, n=1)
    return f"there is no function `{name}`; did you mean `{near[0]}`?" if near else f"there is no function `{name}`"
