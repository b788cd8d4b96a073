"""What parsers with expressions look for: `| json a="b.c"`, `| logfmt a="b"`."""

from collections.abc import Sequence

from sigyn.engine.interpreter.entry import RESERVED
from sigyn.engine.sql.steps import Path
from sigyn.engine.sql.unsupported import Unsupported
from sigyn.languages.logql import ast
from sigyn.languages.logql.json_path import parse_json_path
from sigyn.model.labels import label_name


def json_paths(extractions: Sequence[ast.Extraction]) -> dict[str, Path]:
    """The path to the value of each label.

    Raises Unsupported, and JsonPathError for a path that is none.
    """
    _check_names(extractions)
    return {extraction.name: parse_json_path(extraction.expression) for extraction in extractions}


def logfmt_keys(extractions: Sequence[ast.Extraction]) -> dict[str, Path]:
    """The key of each label, as the parser flattens it. Raises Unsupported."""
    _check_names(extractions)
    return {extraction.name: (label_name(extraction.expression),) for extraction in extractions}


def _check_names(extractions: Sequence[ast.Extraction]) -> None:
    names = [extraction.name for extraction in extractions]
    if len(set(names)) < len(names):
        raise Unsupported("a label that is extracted twice")
    if not RESERVED.isdisjoint(names):
        raise Unsupported("a label that clashes with one that stages set")
