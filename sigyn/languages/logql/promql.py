"""Refuses PromQL over metrics, and shows the query over log lines that comes nearest.

A guess from names: series that end in `_bucket` were a histogram of a field, those that end in
`_total` or `_count` counted something that happened, all others measured a field.
"""

import re

from sigyn.languages.lexer import Token, line_and_column
from sigyn.languages.logql.tokens import CONVERSIONS, RANGE_OPERATORS, tokenise
from sigyn.model.errors import ParseError

EXAMPLE_SELECTOR = '{job="shop"}'

_HISTOGRAM = re.compile(r"histogram_quantile\s*\(\s*([0-9.]+)\s*,")
_BY = re.compile(r"\bby\s*\(([^)]*)\)")
_BEFORE_OPERAND = frozenset(
    ("", "(", ",", "+", "-", "*", "/", "%", "^", "==", "!=", ">", ">=", "<", "<=", "and", "or", "unless", "bool")
)
_COUNTED = {"increase": "count_over_time", "delta": "count_over_time", "irate": "rate", "rate": "rate"}


def promql_refusal(text: str, refused: ParseError) -> ParseError | None:
    """The error that `text` asks for metrics; None when it does not look like PromQL."""
    tokens = tokenise(text)
    metrics = [place for place in range(len(tokens)) if _is_metric(tokens, place)]
    if not metrics or not _is_about(text, tokens, metrics, refused):
        return None
    metric = tokens[metrics[0]]
    line, column = line_and_column(text, metric.start)
    return ParseError(
        f"parse error at line {line}, col {column}: `{metric.text}` is a metric, and metrics are not stored yet; "
        f"over log lines the nearest query is: {nearest_logql(text, tokens, metrics)}",
        line=line,
        column=column,
        length=len(metric.text),
        query=text,
        hint=refused.hint,
    )


def _is_about(text: str, tokens: list[Token], metrics: list[int], refused: ParseError) -> bool:
    """Whether the error is at a metric, or at a function that is none of LogQL's."""
    for place, token in enumerate(tokens[:-1]):
        if line_and_column(text, token.start) == (refused.line, refused.column):
            return place in metrics or (token.kind == "IDENTIFIER" and tokens[place + 1].kind == "(")
    return False


def nearest_logql(text: str, tokens: list[Token], metrics: list[int]) -> str:
    """The query over log lines that asks for the same as PromQL over these metrics."""
    first = tokens[metrics[0]]
    quantile = _HISTOGRAM.search(text)
    if quantile and first.text.endswith("_bucket"):
        labels = [label.strip() for label in ",".join(_BY.findall(text)).split(",") if label.strip() not in ("", "le")]
        by = f" by ({', '.join(dict.fromkeys(labels))})" if labels else ""
        selector, range_ = _operand(text, tokens, metrics[0])
        field = first.text.removesuffix("_bucket")
        tail = text[_matching_parenthesis(text, quantile.end()) + 1 :].strip()
        found = f"quantile_over_time({quantile[1]}, {selector} | json | unwrap {field} {range_ or '[5m]'}){by}"
        return " ".join(f"{found} {tail}".split())
    return _rewritten(text, tokens, metrics)


def _rewritten(text: str, tokens: list[Token], metrics: list[int]) -> str:
    pieces: list[str] = []
    position = 0
    for place in metrics:
        name = tokens[place].text
        call = tokens[place - 2] if place > 1 and tokens[place - 1].text == "(" else None
        selector, range_ = _operand(text, tokens, place)
        counted = name.endswith(("_total", "_count"))
        function = call.text if call is not None else ""
        start, end = tokens[place].start, _operand_end(tokens, place)
        if call is not None and range_:
            start = call.start
            if counted or function in ("rate", "irate", "increase"):
                inner = f"{_COUNTED.get(function, 'count_over_time')}({selector} {range_}"
            else:
                known = function if function.upper() in RANGE_OPERATORS else "last_over_time"
                inner = f"{known}({selector} | json | unwrap {name} {range_}"
        elif counted:
            inner = f"count_over_time({selector} [5m])"
        else:
            inner = f"last_over_time({selector} | json | unwrap {name} [5m])"
        pieces += [text[position:start], inner]
        position = end
    pieces.append(text[position:])
    return " ".join(re.sub(r"#[^\n]*", " ", "".join(pieces)).split())


def _is_metric(tokens: list[Token], place: int) -> bool:
    """Whether a name stands where PromQL has a metric."""
    token = tokens[place]
    behind = tokens[place + 1].kind if place + 1 < len(tokens) else ""
    before = tokens[place - 1].kind if place else ""
    if token.kind != "IDENTIFIER" or before not in _BEFORE_OPERAND:
        return False
    if "_" not in token.text and behind not in ("RANGE", "{"):
        return False
    if before in ("(", ",") and _in_label_list(tokens, place):
        return False
    return behind in ("RANGE", "{", ")", "$end", "offset") or behind in _BEFORE_OPERAND - {"(", ","}


def _in_label_list(tokens: list[Token], place: int) -> bool:
    """Whether the parenthesis around a name follows `by`, `on` and the like, or a conversion, or braces."""
    for index in range(place - 1, -1, -1):
        kind = tokens[index].kind
        if kind == "(":
            opener = tokens[index - 1].kind if index else ""
            words = ("by", "without", "on", "ignoring", "group_left", "group_right")
            return opener in words or opener in CONVERSIONS
        if kind not in ("IDENTIFIER", ","):
            return kind == "{" or kind not in _BEFORE_OPERAND | {"NUMBER"}
    return False


def _operand(text: str, tokens: list[Token], place: int) -> tuple[str, str]:
    """Selector and range for the metric at `place`."""
    selector, index = EXAMPLE_SELECTOR, place + 1
    if tokens[index].kind == "{":
        closing = next((i for i in range(index, len(tokens)) if tokens[i].kind == "}"), index)
        inner = text[tokens[index].end : tokens[closing].start].strip()
        selector = f"{{{inner}}}" if inner else EXAMPLE_SELECTOR
        index = closing + 1
    range_ = tokens[index].text if index < len(tokens) and tokens[index].kind == "RANGE" else ""
    return selector, range_


def _operand_end(tokens: list[Token], place: int) -> int:
    end = tokens[place].end
    index = place + 1
    if tokens[index].kind == "{":
        index = next((i for i in range(index, len(tokens)) if tokens[i].kind == "}"), index)
        end = tokens[index].end
        index += 1
    if index < len(tokens) and tokens[index].kind == "RANGE":
        end = tokens[index].end
    return end


def _matching_parenthesis(text: str, inside: int) -> int:
    """Where the parenthesis closes in which `inside` stands; the end of the text when it does not."""
    depth = 1
    for position in range(inside, len(text)):
        depth += {"(": 1, ")": -1}.get(text[position], 0)
        if not depth:
            return position
    return len(text)
