"""Test files for rules, in the manner of promtool, read with every mistake named where it stands.

What promtool's files have is meant as there; `input_streams` with log lines is Sigyn's own.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sigyn.config.errors import neighbours
from sigyn.config.yaml_tree import Branch, Items, Scalar, Tree
from sigyn.languages.durations import parse_prometheus_duration
from sigyn.model.errors import BadRequest
from sigyn.model.labels import Labels, labels_of
from sigyn.model.time import MINUTE
from sigyn.ruler.alert import ALERT_NAME
from sigyn.ruler.rehearsal.notation import read_number, read_series_labels, read_values
from sigyn.ruler.rule_file import Problem, RuleFileError, read_tree
from sigyn.wire.label_text import parse_labels

T = TypeVar("T")

_FILE_KEYS = ("rule_files", "evaluation_interval", "tests", "group_eval_order", "fuzzy_compare")
_TEST_KEYS = (
    *("name", "interval", "input_series", "input_streams", "alert_rule_test", "external_labels", "external_url"),
    *("logql_expr_test", "promql_expr_test"),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A log line `at` ns after the start."""

    at: int
    line: str
    metadata: Labels = ()


@dataclass(frozen=True, slots=True)
class InputStream:
    """A stream and its lines."""

    labels: Labels
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class InputSeries:
    """A series and its samples, one each interval from the start on; None: there is none, `stale` ends it."""

    labels: Labels
    values: tuple[float | str | None, ...]


@dataclass(frozen=True, slots=True)
class ExpectedAlert:
    """Labels without the name of the alert, and annotations, of an alert that fires."""

    labels: Labels
    annotations: Labels


@dataclass(frozen=True, slots=True)
class AlertTest:
    """What fires `at` ns after the start."""

    at: int
    name: str
    expected: tuple[ExpectedAlert, ...]
    line: int


@dataclass(frozen=True, slots=True)
class ExpressionTest:
    """What an expression gives `at` ns after the start: values by label set, the name of the series included."""

    at: int
    expression: str
    expected: tuple[tuple[Labels, float], ...]
    line: int


@dataclass(frozen=True, slots=True)
class RuleTest:
    """One test: what goes in, and what should come out."""

    name: str
    interval: int
    streams: tuple[InputStream, ...]
    series: tuple[InputSeries, ...]
    alerts: tuple[AlertTest, ...]
    expressions: tuple[ExpressionTest, ...]
    external_labels: Labels
    external_url: str

    @property
    def end(self) -> int:
        """ns after the start at which nothing more is asked."""
        times = [test.at for test in self.alerts] + [test.at for test in self.expressions]
        return max(times, default=0)


@dataclass(frozen=True, slots=True)
class TestScript:
    """A test file: the rule files that it is about (patterns), and its tests.

    group_order  names of groups, with the lines that they stand in, that are evaluated in this order
    fuzzy        values may differ by the last bit of their mantissa
    """

    __test__ = False  # not one of pytest's

    source: str
    rule_files: tuple[str, ...]
    interval: int
    tests: tuple[RuleTest, ...]
    group_order: Mapping[str, int]
    fuzzy: bool


def read_test_script(text: str, source: str) -> TestScript:
    """The tests in the text of a file. Raises RuleFileError where it is wrong."""
    tree = read_tree(text, source, top="a test file", section="tests")
    return _Reader(source).script(tree)


def _interval(text: str) -> int:
    length = parse_prometheus_duration(text)
    if not length:
        raise ValueError("write a duration such as 1m")
    return length


def _count(text: str) -> int:
    if not text.isdecimal():
        raise ValueError("write a whole number")
    return int(text)


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("write true or false")
    return text == "true"


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads a tree; what is wrong first is told."""

    source: str

    def script(self, tree: Branch) -> TestScript:
        self._known(tree, _FILE_KEYS)
        interval = self._read(tree, "evaluation_interval", _interval, MINUTE)
        files = tuple(self._text(item) for item in self._items(tree, "rule_files"))
        if not files:
            raise self._wrong(tree.line, "`rule_files` names no file of rules")
        tests = tuple(self._test(item, interval) for item in self._items(tree, "tests"))
        fuzzy = self._read(tree, "fuzzy_compare", _flag, False)
        return TestScript(self.source, files, interval, tests, self._group_order(tree), fuzzy)

    def _group_order(self, tree: Branch) -> Mapping[str, int]:
        order: dict[str, int] = {}
        for item in self._items(tree, "group_eval_order"):
            name = self._text(item)
            if name in order:
                raise self._wrong(item.line, f"`group_eval_order` names `{name}` twice: in line {order[name]} too")
            order[name] = item.line
        return order

    def _test(self, tree: Tree, interval: int) -> RuleTest:
        branch = self._branch(tree, "a test")
        self._known(branch, _TEST_KEYS)
        expressions = [
            self._expression_test(item)
            for key in ("logql_expr_test", "promql_expr_test")
            for item in self._items(branch, key)
        ]
        return RuleTest(
            name=self._read(branch, "name", str, f"in line {branch.line}"),
            interval=self._read(branch, "interval", _interval, interval),
            streams=tuple(self._stream(item) for item in self._items(branch, "input_streams")),
            series=tuple(self._series(item) for item in self._items(branch, "input_series")),
            alerts=tuple(self._alert_test(item) for item in self._items(branch, "alert_rule_test")),
            expressions=tuple(expressions),
            external_labels=self._labels(branch, "external_labels"),
            external_url=self._read(branch, "external_url", str, ""),
        )

    def _stream(self, tree: Tree) -> InputStream:
        branch = self._branch(tree, "a stream")
        self._known(branch, ("stream", "entries"))
        labels = self._required(branch, "stream", parse_labels)
        entries = [entry for item in self._items(branch, "entries") for entry in self._entries(item)]
        return InputStream(labels, tuple(entries))

    def _entries(self, tree: Tree) -> Iterator[Entry]:
        """`30s text`, or a map with `at`, `line`, `every`, `count` and `metadata`."""
        if isinstance(tree, Scalar):
            time, _, text = tree.text.partition(" ")
            yield Entry(self._parsed(tree, "entries", parse_prometheus_duration, time), text)
            return
        branch = self._branch(tree, "an entry")
        self._known(branch, ("at", "line", "every", "count", "metadata"))
        at = self._read(branch, "at", parse_prometheus_duration, 0)
        every = self._read(branch, "every", parse_prometheus_duration, 0)
        count = self._read(branch, "count", _count, 1)
        if count > 1 and not every:
            raise self._wrong(branch.line, "an entry with `count` says how far apart they are: `every`")
        line, metadata = self._required(branch, "line", str), self._labels(branch, "metadata")
        yield from (Entry(at + place * every, line, metadata) for place in range(count))

    def _series(self, tree: Tree) -> InputSeries:
        branch = self._branch(tree, "a series")
        self._known(branch, ("series", "values"))
        labels = self._required(branch, "series", read_series_labels)
        return InputSeries(labels, self._required(branch, "values", read_values))

    def _alert_test(self, tree: Tree) -> AlertTest:
        branch = self._branch(tree, "a test of an alert")
        self._known(branch, ("eval_time", "alertname", "exp_alerts"))
        expected = []
        name = self._required(branch, "alertname", str)
        for item in self._items(branch, "exp_alerts"):
            alert = self._branch(item, "an alert")
            self._known(alert, ("exp_labels", "exp_annotations"))
            labels = tuple(pair for pair in self._labels(alert, "exp_labels") if pair != (ALERT_NAME, name))
            expected.append(ExpectedAlert(labels, self._labels(alert, "exp_annotations")))
        at = self._required(branch, "eval_time", parse_prometheus_duration)
        return AlertTest(at, name, tuple(expected), branch.line)

    def _expression_test(self, tree: Tree) -> ExpressionTest:
        branch = self._branch(tree, "a test of an expression")
        self._known(branch, ("eval_time", "expr", "exp_samples"))
        expected = []
        for item in self._items(branch, "exp_samples"):
            sample = self._branch(item, "a sample")
            self._known(sample, ("labels", "value"))
            labels = self._required(sample, "labels", read_series_labels) if "labels" in sample.values else ()
            expected.append((labels, self._required(sample, "value", read_number)))
        at = self._required(branch, "eval_time", parse_prometheus_duration)
        return ExpressionTest(at, self._required(branch, "expr", str), tuple(expected), branch.line)

    def _labels(self, tree: Branch, key: str) -> Labels:
        found = tree.values.get(key)
        if found is None or (isinstance(found, Scalar) and found.null):
            return ()
        branch = self._branch(found, f"`{key}`")
        return labels_of({name: self._text(value) for name, value in branch.values.items()})

    def _required(self, tree: Branch, key: str, read: Callable[[str], T]) -> T:
        if key not in tree.values:
            raise self._wrong(tree.line, f"`{key}` is missing")
        return self._parsed(tree.values[key], key, read, self._text(tree.values[key]))

    def _read(self, tree: Branch, key: str, read: Callable[[str], T], default: T) -> T:
        return self._required(tree, key, read) if key in tree.values else default

    def _parsed(self, tree: Tree, key: str, read: Callable[[str], T], text: str) -> T:
        try:
            return read(text)
        except (BadRequest, ValueError) as error:
            raise self._wrong(tree.line, f"`{key}` is `{text}`: {error}") from None

    def _items(self, tree: Branch, key: str) -> tuple[Tree, ...]:
        found = tree.values.get(key)
        if found is None or (isinstance(found, Scalar) and found.null):
            return ()
        if not isinstance(found, Items):
            raise self._wrong(found.line, f"`{key}` holds a list")
        return found.values

    def _branch(self, tree: Tree, what: str) -> Branch:
        if not isinstance(tree, Branch):
            raise self._wrong(tree.line, f"{what} is a map")
        return tree

    def _text(self, tree: Tree) -> str:
        if not isinstance(tree, Scalar):
            raise self._wrong(tree.line, "a text should stand here")
        return tree.text

    def _known(self, tree: Branch, keys: Sequence[str]) -> None:
        for key, line in tree.lines.items():
            if key not in keys:
                raise self._wrong(line, f"unknown key `{key}`{neighbours(key, keys)}")

    def _wrong(self, line: int, text: str) -> RuleFileError:
        return RuleFileError([Problem(self.source, line, text)])
