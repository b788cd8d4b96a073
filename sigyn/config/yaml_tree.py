"""YAML with the line of every key kept, and environment variables filled in."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml

from sigyn.config.errors import NotYaml

_DEEPEST = 40
_LARGEST = 200_000
"""Values of a document, those that aliases repeat counted again: a few lines can stand for billions."""

_MERGE = "tag:yaml.org,2002:merge"
_VARIABLE = re.compile(r"\$(\$?)\{([A-Za-z_][A-Za-z0-9_]*)(?::?[-=]([^}]*)|:([^}]*))?\}")


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value as it is written; `null` when nothing is.

    `source` is what stands for it in the document from `column` (from 0) of its line on: with quotes, or with the
    head and the indentation of a block.
    """

    text: str
    line: int
    null: bool = False
    source: str = field(default="", repr=False, compare=False)
    column: int = field(default=0, repr=False, compare=False)

    @property
    def in_place(self) -> str:
        """The text behind as many line ends and spaces as place it where the document has it.

        Whoever reads it counts lines and columns as the document does. Only space between words differs from `text`;
        empty where more would, as with escapes in quotes, and texts that an alias repeats.
        """
        source, before = self.source, "\n" * (self.line - 1)
        if source[:1] in ("|", ">"):
            _, _, source = source.partition("\n")
            before += "\n"
        elif source[:1] in ("'", '"'):
            source = source[1:-1]
            before += " " * (self.column + 1)
        else:
            before += " " * self.column
        return before + source.rstrip() if source.split() == self.text.split() else ""


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    values: tuple["Tree", ...]
    line: int


@dataclass(frozen=True, slots=True)
class Branch:
    """A map; `lines` says where each key stands."""

    values: dict[str, "Tree"]
    lines: dict[str, int]
    line: int


Tree: TypeAlias = Scalar | Items | Branch


@dataclass(slots=True)
class Reading:
    """What was noticed on the way: variables that are not set, keys that are written twice, how much there is."""

    unset_variables: list[str] = field(default_factory=list)
    repeated_keys: list[tuple[str, int, int]] = field(default_factory=list)
    values: int = 0


def expand_variables(text: str, variables: Mapping[str, str], reading: Reading) -> str:
    """`text` with `${NAME}`, `${NAME:-default}` and `${NAME:default}` filled in; `$${` stays `${`.

    A variable that is not set and has no default becomes the empty text, as in Loki.
    """

    def value(match: re.Match[str]) -> str:
        escaped, name, default, short_default = match.groups()
        if escaped:
            return match[0][1:]
        given = variables.get(name, "")
        if given:
            return given
        fallback = default if default is not None else short_default
        if fallback is None and name not in variables and name not in reading.unset_variables:
            reading.unset_variables.append(name)
        return fallback or ""

    return _VARIABLE.sub(value, text)


def read_yaml(
    text: str, source: str, reading: Reading, *, top: str = "a configuration file", section: str = "server"
) -> Branch:
    """The one document in `text`, whose top is a map; `source`, `top` and `section` name it in errors.

    Raises NotYaml.
    """
    try:
        loader = yaml.SafeLoader(text)
    except yaml.YAMLError as error:  # characters that YAML does not have
        raise NotYaml(source, 0, f"this is not YAML: {error}".replace("\n", " ")) from None
    try:
        node = loader.get_single_node()
        if node is None:
            return Branch({}, {}, 1)
        tree = _tree(loader, node, "", reading)
    except RecursionError:
        raise NotYaml(source, 0, "this is not YAML: nested too deeply") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        problem = f"this is not YAML: {error.problem or error.context}"
        raise NotYaml(source, line, problem, column=column) from None
    except yaml.YAMLError as error:
        raise NotYaml(source, 0, f"this is not YAML: {error}") from None
    finally:
        loader.dispose()
    if not isinstance(tree, Branch):
        raise NotYaml(source, tree.line, f"{top} is a map of sections, such as `{section}:`")
    return tree


def _tree(loader: yaml.SafeLoader, node: yaml.Node, path: str, reading: Reading) -> Tree:
    line = node.start_mark.line + 1
    reading.values += 1
    if reading.values > _LARGEST:
        raise yaml.MarkedYAMLError(problem=f"more than {_LARGEST} values", problem_mark=node.start_mark)
    if path.count(".") + path.count("[") > _DEEPEST:
        raise yaml.MarkedYAMLError(problem="nested too deeply", problem_mark=node.start_mark)
    if isinstance(node, yaml.MappingNode):
        if _merged_pairs(node, {}) > _LARGEST:
            raise yaml.MarkedYAMLError(problem=f"more than {_LARGEST} values", problem_mark=node.start_mark)
        written_here = {id(key_node) for key_node, _ in node.value}
        loader.flatten_mapping(node)
        values: dict[str, Tree] = {}
        lines: dict[str, int] = {}
        own: set[str] = set()
        for key_node, value_node in node.value:
            key = _whole(key_node)
            inside = f"{path}.{key}" if path else key
            key_line = key_node.start_mark.line + 1
            if key in own:
                reading.repeated_keys.append((inside, lines[key], key_line))
            if id(key_node) in written_here:
                own.add(key)
            values[key] = _tree(loader, value_node, inside, reading)
            lines[key] = key_line
        return Branch(values, lines, line)
    if isinstance(node, yaml.SequenceNode):
        return Items(tuple(_tree(loader, each, f"{path}[{i}]", reading) for i, each in enumerate(node.value)), line)
    begin, end = node.start_mark, node.end_mark
    source = begin.buffer[begin.pointer : end.pointer] if begin.buffer else ""
    return Scalar(_whole(node), line, node.tag == "tag:yaml.org,2002:null", source, begin.column)


def _whole(node: yaml.Node) -> str:
    """The text of a scalar. YAML's `"\\uD800"` is half a character, which is no text: nothing can write it down."""
    text = str(node.value)
    if not text.isascii() and any("\ud800" <= each <= "\udfff" for each in text):
        raise yaml.MarkedYAMLError(problem="half a surrogate pair is no character", problem_mark=node.start_mark)
    return text


def _merged_pairs(node: yaml.MappingNode, known: dict[int, int]) -> int:
    """How many pairs a map has once its merge keys (`<<`) are followed."""
    if id(node) not in known:
        known[id(node)] = 0  # of a map that merges itself nothing is added
        count = 0
        for key, value in node.value:
            merged = value.value if isinstance(value, yaml.SequenceNode) else [value]
            if key.tag == _MERGE:
                count += sum(_merged_pairs(each, known) for each in merged if isinstance(each, yaml.MappingNode))
            else:
                count += 1
        known[id(node)] = count
    return known[id(node)]


def find(tree: Tree, path: str) -> Tree | None:
    """What stands at `path`, such as `limits_config.max_line_size`; None when nothing does."""
    found: Tree | None = tree
    for name in path.split("."):
        found = find_key(found, name) if isinstance(found, Branch) else None
    return found


def find_key(branch: Branch, name: str) -> Tree | None:
    """What stands at a key, which may have points in it; None when nothing does."""
    found = branch.values.get(name)
    return None if isinstance(found, Scalar) and found.null else found


def overlaid(below: Tree, above: Tree) -> Tree:
    """Two trees as one: maps are joined key by key, and of anything else `above` counts."""
    if not (isinstance(below, Branch) and isinstance(above, Branch)):
        return above
    values = {**below.values}
    for key, value in above.values.items():
        values[key] = overlaid(values[key], value) if key in values else value
    return Branch(values, {**below.lines, **above.lines}, above.line)


def plain(tree: Tree) -> Any:
    """The tree as maps, lists and texts; None for what is empty."""
    match tree:
        case Branch(values):
            return {key: plain(value) for key, value in values.items()}
        case Items(values=items):
            return [plain(each) for each in items]
        case Scalar(text, null=null):
            return None if null else text


def leaves(tree: Tree, path: str = "") -> Iterator[tuple[str, int]]:
    """Path and line of every key that has a value, without the positions in lists; each path once."""
    seen: set[str] = set()
    for leaf, line in _leaves(tree, path):
        if leaf not in seen:
            seen.add(leaf)
            yield leaf, line


def _leaves(tree: Tree, path: str) -> Iterator[tuple[str, int]]:
    match tree:
        case Branch(values, lines):
            for key, value in values.items():
                inside = f"{path}.{key}" if path else key
                if _is_leaf(value):
                    yield inside, lines[key]
                else:
                    yield from _leaves(value, inside)
        case Items(values=items):
            for each in items:
                yield from _leaves(each, path)


def _is_leaf(tree: Tree) -> bool:
    match tree:
        case Scalar(null=null):
            return not null
        case Items(values=items):
            return not any(isinstance(each, Branch) for each in items)
    return False
