"""Refuses PromQL over metrics, and shows the query over log lines that comes nearest.

A guess from names: series that end in `_bucket` were a histogram of a field, those that end in
`_total` or `_count` counted something that happened, all others measured a field.
"""

import re

from sigyn.languages.lexer import Token, line_and_column
from sigyn.languages.logql.tokens import CONVERSIONS, RANGE_OPERATORS, tokenise
from sigyn.model.errors import ParseError

EXAMPLE_SELECTOR = '{job="shop"}'

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
    pieces: list[str] = []
    position = 0
    for place in metrics:
        if tokens[place].start < position:
            continue
        start, end, instead = _histogram(text, tokens, place) or _single(text, tokens, place)
        pieces += [text[position:start], instead]
        position = end
    pieces.append(text[position:])
    return " ".join(re.sub(r"#[^\n]*", " ", "".join(pieces)).split())


def _histogram(text: str, tokens: list[Token], place: int) -> tuple[int, int, str] | None:
    """What stands for the call of histogram_quantile around a metric; None when there is none."""
    depth = 0
    for opening in range(place - 1, 0, -1):
        depth += {")": 1, "(": -1}.get(tokens[opening].kind, 0)
        if depth == -1 and tokens[opening - 1].text == "histogram_quantile":
            break
        depth = max(depth, 0)
    else:
        return None
    closing, depth = opening, 0
    for closing in range(opening, len(tokens)):
        depth += {"(": 1, ")": -1}.get(tokens[closing].kind, 0)
        if not depth:
            break
    selector, range_ = _operand(text, tokens, place)
    inner = text[tokens[opening].start : tokens[closing].end]
    labels = [label.strip() for label in ",".join(_BY.findall(inner)).split(",") if label.strip() not in ("", "le")]
    by = f" by ({', '.join(dict.fromkeys(labels))})" if labels else ""
    field = tokens[place].text.removesuffix("_bucket")
    quantile = tokens[opening + 1].text
    instead = f"quantile_over_time({quantile}, {selector} | json | unwrap {field} {range_ or '[5m]'}){by}"
    return tokens[opening - 1].start, tokens[closing].end, instead


def _single(text: str, tokens: list[Token], place: int) -> tuple[int, int, str]:
    """What stands for a metric with the function around it."""
    name = tokens[place].text
    call = tokens[place - 2] if place > 1 and tokens[place - 1].text == "(" else None
    function = call.text if call is not None else ""
    selector, range_ = _operand(text, tokens, place)
    counted = name.endswith(("_total", "_count"))
    start, end = tokens[place].start, _operand_end(tokens, place)
    if call is None or not range_:
        instead = f"{selector} [5m])" if counted else f"{selector} | json | unwrap {name} [5m])"
        return start, end, ("count_over_time(" if counted else "last_over_time(") + instead
    if counted or function in ("rate", "irate", "increase"):
        return call.start, end, f"{_COUNTED.get(function, 'count_over_time')}({selector} {range_}"
    known = function if function.upper() in RANGE_OPERATORS else "last_over_time"
    return call.start, end, f"{known}({selector} | json | unwrap {name} {range_}"


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
