"""Rule files of Loki and Prometheus, read with every mistake named where it stands."""

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, field

from sigyn.config.errors import NotYaml, neighbours
from sigyn.config.yaml_tree import Branch, Items, Reading, Scalar, Tree, read_yaml
from sigyn.languages.durations import DurationError, parse_prometheus_duration
from sigyn.languages.promql import METRIC_NAME, NAME
from sigyn.languages.templates import TemplateError
from sigyn.model.errors import BadRequest, ParseError
from sigyn.model.labels import LABEL_NAME, Labels
from sigyn.model.time import SECOND
from sigyn.ruler.expression import Expression, parse_expression
from sigyn.ruler.misread import misread
from sigyn.ruler.rule import AlertingRule, RecordingRule, Rule, RuleGroup
from sigyn.ruler.templating import check_template

_FILE_KEYS = ("groups", "namespace")
_GROUP_KEYS = ("name", "interval", "limit", "rules")
_RULE_KEYS = ("alert", "record", "expr", "for", "keep_firing_for", "labels", "annotations")
_ALERTS_ONLY = ("for", "keep_firing_for", "annotations")
_WITHOUT_EFFECT = {
    "evaluation_delay": "",
    "query_offset": "",
    "align_evaluation_time_on_interval": "",
    "source_tenants": ": its rules see the entries of the tenant that it belongs to",
    "partial_response_strategy": "",
    "remote_write": "",
}
"""Keys of groups that Mimir, Thanos and Prometheus have, and that Loki takes and ignores too: what that means."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake in a rule file: where, what is wrong, and what would be right."""

    source: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.source}:{self.line}: {self.text}" if self.source else f"line {self.line}: {self.text}"


class RuleFileError(BadRequest):
    """Rules that can't be used; the message has a line for each problem."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


def read_rule_file(text: str, source: str) -> tuple[RuleGroup, ...]:
    """The groups in the text of a file; `source` names it in errors. Raises RuleFileError with all that is wrong."""
    tree = read_tree(text, source)
    reader = _Reader(source)
    reader.unknown_keys(tree, _FILE_KEYS, "the file")
    groups = [reader.group(item) for item in reader.items(tree, "groups", tree.line)]
    reader.repeated((group.name, group_line) for group, group_line in groups if group.name)
    reader.fail()
    return tuple(group for group, _ in groups)


def read_rule_group(text: str) -> RuleGroup:
    """The one group in a body of the API. Raises RuleFileError with all that is wrong."""
    tree = read_tree(text, "")
    reader = _Reader("")
    group, _ = reader.group(tree)
    reader.fail()
    return group


def read_tree(text: str, source: str, *, top: str = "a file of rules", section: str = "groups") -> Branch:
    """The tree of a file. Raises RuleFileError for what is no YAML, and for keys that are written twice."""
    reading = Reading()
    try:
        tree = read_yaml(text, source, reading, top=top, section=section)
    except NotYaml as error:
        raise RuleFileError([Problem(source, error.line or 1, error.text)]) from None
    if reading.repeated_keys:
        raise RuleFileError(
            [
                Problem(source, last, f"`{path}` stands here and in line {first}; write it once")
                for path, first, last in reading.repeated_keys
            ]
        )
    return tree


@dataclass(slots=True)
class _Reader:
    """Reads a tree and collects what is wrong with it."""

    source: str
    problems: list[Problem] = field(default_factory=list)

    def fail(self) -> None:
        """Raises RuleFileError when there is any problem."""
        if self.problems:
            raise RuleFileError(sorted(self.problems, key=lambda problem: problem.line))

    def group(self, tree: Tree) -> tuple[RuleGroup, int]:
        """A group, and the line that it begins in."""
        if not isinstance(tree, Branch):
            self.problem(tree.line, "a group is a map with `name` and `rules`")
            return RuleGroup("", ()), tree.line
        self.unknown_keys(tree, _GROUP_KEYS, "a group", _WITHOUT_EFFECT)
        name = self.text(tree, "name")
        if not name:
            self.problem(tree.line, "the group has no `name`")
        shown = f"group `{name}`"
        rules = [self.rule(item, shown) for item in self.items(tree, "rules", tree.line)]
        limit = self.text(tree, "limit") or "0"
        if not limit.isdecimal():
            self.problem(tree.lines["limit"], f"{shown}: `limit` is `{limit}`: write a whole number, 0 for no limit")
            limit = "0"
        interval = self.duration(tree, "interval", shown)
        if 0 < interval < SECOND:
            self.problem(
                tree.lines["interval"], f"{shown}: `interval` is `{self.text(tree, 'interval')}`: the shortest is 1s"
            )
        notes = tuple(
            (line, f"{shown}: `{key}` has no effect{_WITHOUT_EFFECT[key]}")
            for key, line in tree.lines.items()
            if key in _WITHOUT_EFFECT
        )
        group = RuleGroup(name, tuple(rule for rule in rules if rule), interval, int(limit), notes)
        return group, tree.line

    def rule(self, tree: Tree, group: str) -> Rule | None:
        """A rule; None when it is wrong."""
        if not isinstance(tree, Branch):
            self.problem(tree.line, f"{group}: a rule is a map with `alert` or `record`, and `expr`")
            return None
        before = len(self.problems)
        alert, record = self.text(tree, "alert"), self.text(tree, "record")
        shown = f"{group}, rule `{alert or record}`"
        self.unknown_keys(tree, _RULE_KEYS, shown)
        if bool(alert) == bool(record):
            have = "both `alert` and `record`" if alert else "neither `alert` nor `record`"
            self.problem(tree.line, f"{shown} has {have}: write one of them")
        expression = self.expression(tree, shown)
        labels = self.labels(tree, "labels", shown)
        if record:
            self.check_recording(tree, record, shown)
        annotations = self.labels(tree, "annotations", shown) if alert else ()
        hold, keep = (self.duration(tree, key, shown) if alert else 0 for key in ("for", "keep_firing_for"))
        if len(self.problems) > before or expression is None:
            return None
        if record:
            return RecordingRule(record, expression, labels, tree.line)
        return AlertingRule(alert, expression, hold, keep, labels, annotations, tree.line)

    def check_recording(self, tree: Branch, record: str, shown: str) -> None:
        """Adds what is wrong with a recording rule alone."""
        if not METRIC_NAME.fullmatch(record):
            self.problem(
                tree.lines["record"],
                f"{shown}: `{record}` is no name for a series: write letters, digits, `_` and `:`, no digit first",
            )
        for key in _ALERTS_ONLY:
            if key in tree.values:
                self.problem(tree.lines[key], f"{shown}: `{key}` is for alerts; a recording rule has none")

    def expression(self, tree: Branch, shown: str) -> Expression | None:
        """What the rule asks; None when it asks nothing that can be read."""
        text = self.text(tree, "expr")
        if not text.strip():
            self.problem(tree.line, f"{shown} has no `expr`")
            return None
        written = tree.values["expr"]
        assert isinstance(written, Scalar)
        try:
            return parse_expression(text)
        except ParseError as error:
            line, complaint = misread(written, error)
            self.problem(line or tree.lines["expr"], f"{shown}: `expr`{complaint}")
            return None

    def labels(self, tree: Branch, key: str, shown: str) -> Labels:
        """The templates of `labels` or `annotations`, by name."""
        found = tree.values.get(key)
        if found is None or (isinstance(found, Scalar) and found.null):
            return ()
        if not isinstance(found, Branch):
            self.problem(found.line, f"{shown}: `{key}` is a map of names and texts")
            return ()
        pairs = []
        for name, value in found.values.items():
            line = found.lines[name]
            if not LABEL_NAME.fullmatch(name) or name == NAME:
                self.problem(line, f"{shown}: `{name}` is no name for a label: write letters, digits and `_`")
            elif not isinstance(value, Scalar):
                self.problem(line, f"{shown}: `{key}.{name}` holds a text")
            else:
                self._check(check_template, value.text, line, f"{shown}: `{key}.{name}`", logs=key == "annotations")
                pairs.append((name, value.text))
        return tuple(sorted(pairs))

    def _check(self, check: Callable[..., None], text: str, line: int, shown: str, *, logs: bool) -> None:
        try:
            check(text, logs=logs)
        except TemplateError as error:
            self.problem(line, f"{shown}: {error}")

    def duration(self, tree: Branch, key: str, shown: str) -> int:
        """ns of `5m`; 0 when it is not there."""
        text = self.text(tree, key) or "0"
        try:
            return parse_prometheus_duration(text)
        except DurationError:
            self.problem(tree.lines[key], f"{shown}: `{key}` is `{text}`: write a duration such as 30s, 5m or 1h30m")
            return 0

    def text(self, tree: Branch, key: str) -> str:
        """What is written at `key`; empty when nothing is."""
        found = tree.values.get(key)
        if isinstance(found, Branch | Items):
            self.problem(found.line, f"`{key}` holds a text, not a {'map' if isinstance(found, Branch) else 'list'}")
        return found.text if isinstance(found, Scalar) and not found.null else ""

    def items(self, tree: Branch, key: str, line: int) -> tuple[Tree, ...]:
        """The list at `key`, which has at least one element."""
        found = tree.values.get(key)
        if isinstance(found, Items) and found.values:
            return found.values
        self.problem(tree.lines.get(key, line), f"`{key}` has to be a list with at least one element")
        return ()

    def unknown_keys(self, tree: Branch, known: Sequence[str], owner: str, ignored: Container[str] = ()) -> None:
        """Adds a problem for each key that is misspelt."""
        for key, line in tree.lines.items():
            if key not in known and key not in ignored:
                self.problem(line, f"unknown key `{key}` of {owner}{neighbours(key, known)}")

    def repeated(self, names: Iterator[tuple[str, int]]) -> None:
        """Adds a problem for each name that was given before."""
        seen: dict[str, int] = {}
        for name, line in names:
            if name in seen:
                self.problem(line, f"group `{name}` stands here and in line {seen[name]}: names differ in a file")
            seen.setdefault(name, line)

    def problem(self, line: int, text: str) -> None:
        """Remembers a mistake."""
        self.problems.append(Problem(self.source, line, text))
