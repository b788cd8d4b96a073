"""A compiled template."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from sigyn.languages.templates.builtins import BUILTINS
from sigyn.languages.templates.errors import TemplateError
from sigyn.languages.templates.inputs import Inputs, inputs_of
from sigyn.languages.templates.limits import MAXIMUM_TEXT
from sigyn.languages.templates.nodes import Action, Body, Command, Pipe, Statement, Text
from sigyn.languages.templates.nodes import Field as FieldNode
from sigyn.languages.templates.parser import parse_template
from sigyn.languages.templates.site import Execution, Missing, Site
from sigyn.languages.templates.statements import Blocks, compile_body
from sigyn.languages.templates.values import NO_VALUE, Function


@dataclass(frozen=True, slots=True)
class Field:
    """`{{.name}}`: the field of dot with this name."""

    name: str


Part: TypeAlias = str | Field


class Template:
    """A template that was compiled once and can be executed many times, also by several threads."""

    __slots__ = ("_blocks", "_body", "_maximum_length", "_parts", "_slots", "inputs", "name")

    def __init__(self, name: str, blocks: Blocks, body: Body, maximum_length: int) -> None:
        """`body` is its syntax tree, which `blocks` has compiled."""
        self.name = name
        self.inputs: Inputs | None = inputs_of(body)
        self._blocks = blocks
        self._body, self._slots = blocks[name]
        self._parts = _parts(body)
        self._maximum_length = maximum_length

    def parts(self) -> tuple[Part, ...] | None:
        """Texts and fields in order, when the template is nothing else than those; else None."""
        return self._parts

    def execute(self, dot: object, context: object = None) -> str:
        """The text that the template gives for `dot`; contextual functions get `context`.

        Raises TemplateError: a function failed, a type did not fit, or a limit was passed.
        """
        value = NO_VALUE if dot is None else dot
        execution = Execution([value] + [NO_VALUE] * (self._slots - 1), context, self._maximum_length)
        try:
            self._body(value, execution, execution.out.append)
        except RecursionError:
            raise TemplateError(f"template: {self.name}: exceeded the depth of the stack") from None
        if execution.measure() > self._maximum_length:
            raise TemplateError(f"template: {self.name}: the text is longer than {self._maximum_length} characters")
        return "".join(execution.out)


def _part(statement: Statement) -> Part | None:
    match statement:
        case Text():
            return statement.value
        case Action(
            pipe=Pipe(declarations=(), commands=(Command(operands=(FieldNode(names=(name,)),)),)),
        ):
            return Field(name)
    return None


def _parts(body: Body) -> tuple[Part, ...] | None:
    parts = tuple(part for part in map(_part, body) if part is not None)
    return parts if len(parts) == len(body) else None


def compile_template(
    text: str,
    functions: Mapping[str, Function],
    *,
    name: str = "template",
    missing: Missing = "zero",
    maximum_length: int = MAXIMUM_TEXT,
) -> Template:
    """Compile `text`, which may call `functions` and Go's builtins.

    `name` is what errors call the template. `missing` says what a missing key gives: with `zero` (as
    Loki and Prometheus have it) the empty string of a StringMap and nil of other maps; with `default`
    (as Promtail has it) no value, which prints as `<no value>`; with `error` an error.
    `maximum_length` bounds the text that an execution may give, in code points.

    Raises TemplateError with Go's words, such as `template: line:1: unclosed action`.
    """
    known = {**BUILTINS, **functions}
    try:
        trees = parse_template(text, name, known)
    except RecursionError:
        raise TemplateError(f"template: {name}:1: nested too deeply") from None
    blocks: Blocks = {}
    for tree_name, body in trees.bodies.items():
        site = Site(name, text, tree_name, known, missing)
        step = compile_body(body, site, blocks)
        blocks[tree_name] = (step, site.slots)
    return Template(name, blocks, trees.bodies[name], maximum_length)
