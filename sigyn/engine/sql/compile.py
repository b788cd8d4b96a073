"""A LogQL pipeline as steps over frames.

Stages compile one after the other until one can't be said exactly; that one and all behind it are
left to the interpreter, for the entries that are still there. What a stage means is defined by the
interpreter (sigyn/engine/interpreter); this module says the same in SQL and kernels.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from sigyn.engine.interpreter.entry import RESERVED
from sigyn.engine.interpreter.selectors import compile_match
from sigyn.engine.sql.conversions import byte_count, duration_seconds
from sigyn.engine.sql.extractions import json_paths, logfmt_keys
from sigyn.engine.sql.metadata_names import MetadataNames
from sigyn.engine.sql.predicates import compile_predicate, has_text, is_known, mapped, number, text_matches
from sigyn.engine.sql.scope import ERROR, Scope
from sigyn.engine.sql.steps import (
    PACKED_LINE,
    Coalesce,
    Compute,
    Extract,
    Filter,
    FilterLine,
    FilterText,
    FindAddress,
    MatchPattern,
    Parse,
    Path,
)
from sigyn.engine.sql.templates import rendered
from sigyn.engine.sql.text import NULL, Sql, any_of, build, column, expression, flag, literal, negated
from sigyn.engine.sql.unsupported import Unsupported
from sigyn.engine.streams import QueryStreams
from sigyn.languages.logql import ast
from sigyn.languages.logql.pattern import parse_pattern
from sigyn.languages.regex import compile_regex
from sigyn.languages.templates.logql import compile_line_template

LINE_TEMPLATE = "{{ __line__ }}"
"""A template that gives the line as it is."""


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled pipeline.

    scope      the state behind the last stage that compiled; its steps are the work to do
    stages     how many stages compiled
    reason     why the next stage did not; empty when all did
    value      the unwrapped number, when the pipeline unwraps and all of it compiled
    """

    scope: Scope
    stages: int
    reason: str = ""
    value: Sql | None = None

    @property
    def complete(self) -> bool:
        return not self.reason


def compile_pipeline(
    stages: Sequence[ast.Stage], unwrap: ast.Unwrap | None, streams: QueryStreams, metadata: MetadataNames
) -> Program:
    """Compile as much of a pipeline as SQL can say exactly.

    `metadata` says which names structured metadata of the entries may have.
    """
    scope = Scope(streams.names, streams.common_names, metadata)
    done = 0
    value = None
    try:
        for stage in stages:
            _compile_stage(stage, scope)
            done += 1
        if unwrap is not None:
            value = _compile_unwrap(unwrap, scope)
    except Unsupported as reason:
        return Program(scope, done, str(reason))
    return Program(scope, done, value=value)


def _compile_stage(stage: ast.Stage, scope: Scope) -> None:
    match stage:
        case ast.LineFilter(operator, operands):
            _filter_lines(scope, operator, operands)
        case ast.LabelFilter(predicate):
            _label_filter(predicate, scope)
        case ast.JsonParser(()):
            _begin_parser(scope, "json", "JSONParserErr")
        case ast.JsonParser(extractions):
            _begin_parser(scope, "json", "JSONParserErr", paths=json_paths(extractions))
        case ast.LogfmtParser(False, keep_empty, ()):
            _begin_parser(scope, "logfmt", "", keep_empty=keep_empty)
        case ast.LogfmtParser(False, _, extractions):
            _begin_parser(scope, "logfmt", "", paths=logfmt_keys(extractions))
        case ast.LogfmtParser():
            raise Unsupported("logfmt --strict, whose labels depend on where a line breaks off")
        case ast.PatternParser(pattern):
            _pattern(scope, pattern)
        case ast.RegexpParser(pattern):
            _regexp(scope, pattern)
        case ast.Unpack():
            _unpack(scope)
        case ast.Decolorize():
            coloured = build("(contains({}, chr(27)) OR contains({}, chr(155)))", scope.line, scope.line)
            scope.doubts.append(coloured)
        case ast.LineFormat(template):
            _line_format(scope, template)
        case ast.LabelFormat(assignments):
            _label_format(scope, assignments)
        case ast.Drop(choices):
            for choice in choices:
                _drop(scope, choice)
        case ast.Keep(choices):
            _keep(scope, choices)
        case _:
            raise Unsupported(f"{type(stage).__name__}")


def _keep_rows(scope: Scope, predicate: Sql) -> None:
    scope.steps.append(Filter(any_of([*scope.doubts, predicate])))


def _filter_lines(scope: Scope, operator: str, operands: tuple[ast.LineOperand, ...]) -> None:
    if operator in ("|>", "!>"):
        _cover_lines(scope, operator, tuple(operand.value for operand in operands))
        return
    predicate = _line_filter(scope, operator, operands)
    is_folded = any(operand.fold for operand in operands)
    if scope.doubts or scope.line.name != "line" or any(operand.ip for operand in operands):
        _keep_rows(scope, predicate)
    elif is_folded or operator in ("|~", "!~"):
        sought = tuple(_expression(operator, operand) for operand in operands)
        scope.steps.append(FilterLine(sought, "expression", operator.startswith("!"), predicate))
    else:
        sought = tuple(operand.value for operand in operands)
        scope.steps.append(FilterLine(sought, "text", operator.startswith("!"), predicate))


def _cover_lines(scope: Scope, operator: str, patterns: tuple[str, ...]) -> None:
    step = MatchPattern(scope.fresh("covered"), scope.line, patterns)
    predicate = flag(step.name) if operator == "|>" else negated(flag(step.name))
    if scope.doubts or scope.line.name != "line":
        scope.steps.append(step)
        _keep_rows(scope, predicate)
    else:
        scope.steps.append(FilterLine(patterns, "pattern", operator.startswith("!"), predicate, step))


def _line_filter(scope: Scope, operator: str, operands: tuple[ast.LineOperand, ...]) -> Sql:
    texts = [operand for operand in operands if not operand.ip]
    if operator in ("|=", "!="):
        found = [_contains(scope.line, operand) for operand in texts]
    else:
        found = [build("regexp_matches({}, {})", scope.line, expression(operand.value)) for operand in texts]
    if len(texts) < len(operands):
        step = FindAddress(scope.fresh("address"), scope.line, tuple(each.value for each in operands if each.ip))
        scope.steps.append(step)
        found.append(flag(step.name))
    return any_of(found) if operator.startswith("|") else negated(any_of(found))


def _contains(line: Sql, operand: ast.LineOperand) -> Sql:
    if operand.fold:
        return build("regexp_matches({}, {})", line, expression(_expression("|=", operand)))
    return build("contains({}, {})", line, literal(operand.value))


def _expression(operator: str, operand: ast.LineOperand) -> str:
    """What finds the text of an operand, or what it is already."""
    if operator in ("|~", "!~"):
        return operand.value
    return f"(?i){re.escape(operand.value)}" if operand.fold else re.escape(operand.value)


def _label_filter(predicate: ast.Predicate, scope: Scope) -> None:
    for leaf in _conjuncts(predicate):
        _filter_before_parsing(leaf, scope)
    compiled = compile_predicate(predicate, scope)
    if compiled.doubt is not None:
        scope.doubts.append(compiled.doubt)
    _keep_rows(scope, compiled.true)


def _conjuncts(predicate: ast.Predicate) -> list[ast.Predicate]:
    if isinstance(predicate, ast.And):
        return [*_conjuncts(predicate.left), *_conjuncts(predicate.right)]
    return [predicate]


def _filter_before_parsing(predicate: ast.Predicate, scope: Scope) -> None:
    """A line that does not hold the text that a label must equal need not be parsed at all.

    Sound only where the label can come from nothing but the line, and its text stands in the line
    as it is; an escape in JSON or in quoted logfmt may hide it, so such lines pass.
    """
    if not isinstance(predicate, ast.StringPredicate) or predicate.operator != "=" or not predicate.value:
        return
    name, value = predicate.name, predicate.value
    if len(scope.parsers) != 1 or name in scope.overrides or name in scope.stream_names:
        return
    (parse,) = scope.parsers
    if not isinstance(parse, Parse):
        return
    if name in (ERROR, "detected_level") or scope.metadata.may_have(name):
        return
    if not value.isascii() or not value.isprintable():
        return
    if any(character in value for character in '"\\/<>&'):
        return
    hidden = ["\\" if parse.kind == "logfmt" else "\\u"]
    if " " in value:
        hidden.append("\ufffd")  # which parsers give as a blank
    test = any_of([build("contains({}, {})", parse.line, literal(text)) for text in (value, *hidden)])
    scope.steps.insert(scope.steps.index(parse), FilterText(test))


def _begin_parser(
    scope: Scope, kind: str, error: str, *, keep_empty: bool = False, paths: Mapping[str, Path] | None = None
) -> None:
    scope.begin_parser()
    stem = scope.fresh("parsed")
    parse = Parse("json" if kind == "json" else "logfmt", scope.line, f"{stem}.hard", f"{stem}.failed", error)
    parse.keep_empty = keep_empty
    parse.paths.update(paths or {})
    scope.steps.append(parse)
    scope.parsers.append(parse)
    scope.doubts.append(flag(parse.hard))
    if error:
        scope.errors.append((flag(parse.failed), error))


def _unpack(scope: Scope) -> None:
    scope.begin_parser()
    stem = scope.fresh("parsed")
    parse = Parse("unpack", scope.line, f"{stem}.hard", f"{stem}.failed", "JSONParserErr")
    parse.wanted[PACKED_LINE] = f"{stem}.line"
    scope.steps.append(parse)
    scope.parsers.append(parse)
    scope.doubts.append(flag(parse.hard))
    scope.errors.append((flag(parse.failed), parse.error))
    name = scope.fresh("line")
    scope.steps.append(Coalesce(name, (column(parse.wanted[PACKED_LINE]), scope.line)))
    scope.line = column(name)


def _pattern(scope: Scope, text: str) -> None:
    scope.begin_parser()
    pattern = parse_pattern(text)
    stem = scope.fresh("parsed")
    parse = Parse("pattern", scope.line, f"{stem}.hard", f"{stem}.failed", pieces=pattern.pieces)
    scope.steps.append(parse)
    scope.doubts.append(flag(parse.hard))
    parse.wanted |= {name: f"{stem}.{name}" for name in pattern.names}
    scope.parsers.append({name: column(parse.wanted[name]) for name in pattern.names})


def _regexp(scope: Scope, text: str) -> None:
    scope.begin_parser()
    regex = compile_regex(text)
    stem = scope.fresh("parsed")
    groups = tuple((f"{stem}.{name}", index) for name, index in regex.groupindex.items())
    scope.steps.append(Extract(scope.line, expression(text), regex.groups, groups))
    scope.parsers.append({name: column(f"{stem}.{name}") for name in regex.groupindex})


def _line_format(scope: Scope, text: str) -> None:
    template = compile_line_template(text, "line")
    parts = template.parts()
    if parts is None:
        value = rendered(scope, template, scope.label)
    else:
        pieces = [literal(part) if isinstance(part, str) else scope.text(part.name) for part in parts]
        value = build("concat(" + ", ".join(["{}"] * len(pieces)) + ")", *pieces) if pieces else literal("")
    if value.name is None:  # a parser wants a column
        name = scope.fresh("line")
        scope.steps.append(Compute(name, value))
        value = column(name)
    scope.line = value


def _label_format(scope: Scope, assignments: tuple[ast.LabelAssignment, ...]) -> None:
    made: dict[str, Sql] = {}
    seen: dict[str, Sql] | None = None  # what was made when the first template looked
    for assignment in assignments:
        if assignment.rename:
            if assignment.name in made or assignment.value in {*made, assignment.name}:
                raise Unsupported("label_format of a label that it makes")
            _rename(scope, made, assignment.value, assignment.name)
            continue
        seen = dict(made) if seen is None else seen
        if assignment.value == LINE_TEMPLATE:
            made[assignment.name] = scope.line
            continue
        template = compile_line_template(assignment.value, "label")
        made[assignment.name] = rendered(scope, template, partial(_label_or_made, scope, seen))
    scope.overrides.update(made)


def _rename(scope: Scope, made: dict[str, Sql], old: str, new: str) -> None:
    """Where an entry has no label to be renamed, one of the new name stays."""
    value, others = scope.label(old), scope.label(new)
    if value is NULL:
        return
    if old in scope.moved or scope.may_be_original(old):
        scope.moved.add(new)
    made[old] = NULL
    if others is NULL:
        made[new] = value
        return
    name = scope.fresh("renamed")
    scope.steps.append(Coalesce(name, (value, others)))
    made[new] = column(name)


def _label_or_made(scope: Scope, made: Mapping[str, Sql], name: str) -> Sql:
    return made[name] if name in made else scope.label(name)


def _drop(scope: Scope, choice: ast.LabelChoice) -> None:
    if choice.name in RESERVED and choice.name not in scope.stream_names:
        if choice.name == ERROR:
            scope.errors = [(condition, error) for condition, error in scope.errors if not _is_dropped(choice, error)]
        return
    if choice.name.startswith("__error"):
        raise Unsupported("drop of a label that is named as an error")
    if choice.matcher is None:
        scope.overrides[choice.name] = NULL
        return
    value = scope.label(choice.name)
    matches = text_matches(scope.text(choice.name), choice.matcher.operator, choice.matcher.value)
    scope.overrides[choice.name] = build("CASE WHEN NOT {} THEN {} END", matches, value)


def _is_dropped(choice: ast.LabelChoice, value: str) -> bool:
    return choice.matcher is None or compile_match(choice.matcher.operator, choice.matcher.value)(value)


def _keep(scope: Scope, choices: tuple[ast.LabelChoice, ...]) -> None:
    names = frozenset(choice.name for choice in choices)
    plain = frozenset(choice.name for choice in choices if choice.matcher is None)
    for name in sorted(names - plain):
        matchers = [choice.matcher for choice in choices if choice.name == name and choice.matcher is not None]
        value, text = scope.label(name), scope.text(name)
        kept = any_of([text_matches(text, matcher.operator, matcher.value) for matcher in matchers])
        scope.overrides[name] = build("CASE WHEN {} THEN {} END", kept, value)
    for name in list(scope.overrides):
        if name not in names:
            scope.overrides[name] = NULL
    scope.kept = names if scope.kept is None else scope.kept & names


def _compile_unwrap(unwrap: ast.Unwrap, scope: Scope) -> Sql:
    text = scope.label(unwrap.label)
    if text is NULL:
        raise Unsupported("unwrap of a label that no entry has")
    if scope.has_paths:
        _keep_rows(scope, has_text(text))  # else each empty one, which is not unwrapped, would be a number in doubt
    if unwrap.conversion == "":
        value, doubt = number(scope, text)
        _keep_rows(scope, any_of([is_known(value), doubt]))
        scope.doubts.append(doubt)
    else:
        _keep_rows(scope, build("({} IS NOT NULL)", text))
        value = mapped(scope, text, byte_count if unwrap.conversion == "bytes" else duration_seconds)
        scope.doubts.append(build("({} IS NOT NULL AND {} IS NULL)", text, value))
    for label_filter in unwrap.filters:
        _label_filter(label_filter.predicate, scope)
    return value
