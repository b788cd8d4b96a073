"""Which keys Loki's configuration file has, so that a misspelt one is found."""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from sigyn.config.errors import ConfigError, neighbours
from sigyn.config.yaml_tree import Branch, Items, Scalar, Tree

_PROMTAIL_SECTIONS = {"clients", "positions", "scrape_configs"}
_ELSEWHERE = 3


@cache
def known_keys() -> dict[str, Any]:
    """Sections of Loki's file: a map for a map of known keys, a list for a list of them, None for a value."""
    text = files("sigyn.config").joinpath("loki_reference.yaml").read_text(encoding="utf-8")
    sections: dict[str, Any] = yaml.safe_load(text)["sections"]
    return sections


def known_leaves() -> Iterator[str]:
    """The path of every known key that holds a value."""
    yield from _leaves(known_keys(), "")


def check_keys(tree: Branch, source: str) -> None:
    """Raises ConfigError, a line for each key that Loki's file doesn't have; `source` names the file."""
    problems = list(_unknown(tree, known_keys(), "", source))
    if _PROMTAIL_SECTIONS & set(tree.values):
        problems.insert(0, f"{source}: this looks like a configuration of Promtail, not of Loki")
    if problems:
        raise ConfigError("\n".join(problems))


def _unknown(tree: Tree, known: Any, path: str, source: str) -> Iterator[str]:
    match known, tree:
        case (None, _) | (_, Scalar(null=True)):
            return
        case dict(), Branch(values, lines):
            for key, value in values.items():
                inside = f"{path}.{key}" if path else key
                if key in known or "*" in known:
                    yield from _unknown(value, known.get(key, known.get("*")), inside, source)
                else:
                    yield f"{source}:{lines[key]}: unknown key `{inside}`{_hint(key, known)}"
        case list(), Items(values=items):
            for position, item in enumerate(items):
                yield from _unknown(item, known[0], f"{path}[{position}]", source)
        case list(), _:
            yield f"{source}:{tree.line}: `{path}` holds a list"
        case _:
            yield f"{source}:{tree.line}: `{path}` holds a map{neighbours('', known)}"


def _hint(key: str, known: dict[str, Any]) -> str:
    elsewhere = [path for path in dict.fromkeys(known_leaves()) if path.rpartition(".")[2] == key]
    near = neighbours(key, known)
    if elsewhere and len(elsewhere) <= _ELSEWHERE and "did you mean" not in near:
        return f" (it belongs to {' or '.join(f'`{path}`' for path in elsewhere)})"
    return near


def _leaves(known: Any, path: str) -> Iterator[str]:
    match known:
        case dict():
            for key, inside in known.items():
                yield from _leaves(inside, f"{path}.{key}" if path else key)
        case list():
            yield from _leaves(known[0], path)
        case _:
            yield path
