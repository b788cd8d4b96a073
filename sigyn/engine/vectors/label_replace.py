"""`label_replace(expression, destination, replacement, source, regex)`."""

import re

from sigyn.engine.vectors.block import SeriesBlock
from sigyn.engine.vectors.merging import merge_equal
from sigyn.languages.logql import ast
from sigyn.languages.regex import compile_regex
from sigyn.model.labels import Labels, labels_of

_REFERENCE = re.compile(r"\$(?:(\$)|([A-Za-z0-9_]+)|\{([A-Za-z0-9_]+)\})")


def label_replace(node: ast.LabelReplace, block: SeriesBlock) -> SeriesBlock:
    """Set a label to what a regular expression takes from another one, where it matches all of it.

    A missing label is the empty text, an empty result removes the label. Raises QueryError when
    two series become equal, RegexError when the expression is not in RE2's syntax.
    """
    regex = compile_regex(f"^(?:{node.regex})$")
    groups = {str(index): index for index in range(regex.groups + 1)} | dict(regex.groupindex)

    def replaced(labels: Labels) -> Labels:
        values = dict(labels)
        match = regex.search(values.get(node.source, ""))
        if match is None:
            return labels

        def expand(reference: re.Match[str]) -> str:
            name = reference[2] or reference[3]
            if name is None:
                return "$"
            return (match.group(groups[name]) or "") if name in groups else ""

        values[node.destination] = _REFERENCE.sub(expand, node.replacement)
        return labels_of(values)

    labels = [replaced(series) for series in block.labels]
    return merge_equal(
        SeriesBlock(labels, block.values, block.present),
        "label_replace gives two series the same labels at the same time",
    )
