"""Clusters of lines of one kind, by Drain (He et al., 2017) in drain3, each level on its own.

Drain sees tokens with digits made alike (`10.0.0.1` and `10.0.0.2` are both `#.#.#.#`), so that lines full of numbers
land in one cluster; the pattern that people see is kept beside it, with the text of every token
that never varied (`2005` stays) and `<_>`, as `|>` filters write it, for those that did.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from drain3.drain import Drain

from sigyn.services.alike_lines import VARIABLE, VARIED, group_alike

WILDCARD = "<_>"

_SIMILARITY = 0.5
_DEPTH = 4
_MOST_CLUSTERS = 300
"""Clusters of a level with which a line is compared: those found last. With all of them, 20,000 lines of random words
would take minutes."""

_MOST_TOKENS = 80
"""What comes after this many tokens is one token: the head of a line tells what kind it is."""

_WORDS = re.compile(r"(\s+)")
_JSON = re.compile(r'([\s{}\[\]",]+(?:(?<="):[\s{}\[\]",]*)*)')
_LOGFMT = re.compile(r'([\s="]+)')
_LOGFMT_START = re.compile(r'[^\s="]+=[^=]')


@dataclass(slots=True)
class Cluster:
    """Lines of one kind: what they have in common, as text with WILDCARD for the rest."""

    level: str
    _tokens: list[str]
    _separators: list[str]

    def __str__(self) -> str:
        return "".join(
            separator + token for separator, token in zip_longest(self._separators, self._tokens, fillvalue="")
        )

    def widen(self, tokens: Sequence[str]) -> None:
        """Make it hold a line of these tokens."""
        own = self._tokens
        for i, token in enumerate(tokens):
            if own[i] != token:
                own[i] = WILDCARD


def cluster_lines(lines: pa.StringArray, levels: pa.StringArray) -> tuple[Sequence[Cluster], npt.NDArray[np.int64]]:
    """The clusters of lines, and for each line the number of its own; lines have no null, levels may."""
    codes = levels.fill_null("unknown").dictionary_encode()
    names = codes.dictionary.to_pylist()
    of_lines = codes.indices.to_numpy()
    groups, found = group_alike(lines, of_lines)
    of_levels = [_Level(name) for name in names]
    numbers: dict[int, int] = {}
    clusters: list[Cluster] = []
    of_groups = np.empty(len(found), np.int64)
    for group, alike in enumerate(found):
        cluster = of_levels[of_lines[alike.row]].cluster(alike.line)
        if alike.varied is not None:
            cluster.widen(split_line(alike.varied)[1])
        number = numbers.setdefault(id(cluster), len(clusters))
        if number == len(clusters):
            clusters.append(cluster)
        of_groups[group] = number
    return clusters, of_groups[groups]


class _Level:
    def __init__(self, name: str) -> None:
        self._name = name
        self._clusters: dict[int, Cluster] = {}
        self._drain = Drain(
            depth=_DEPTH,
            sim_th=_SIMILARITY,
            max_clusters=_MOST_CLUSTERS,
            param_str=WILDCARD,
            parametrize_numeric_tokens=False,
        )
        self._seen: dict[str, int] = {}

    def cluster(self, line: str) -> Cluster:
        """The cluster of this line, widened to hold it."""
        separators, tokens = split_line(line)
        shape = VARIABLE.sub(VARIED, " ".join(tokens))
        identity = self._seen.get(shape)
        if identity is None:
            found, _ = self._drain.add_log_message(shape)
            identity = self._seen[shape] = int(found.cluster_id)
        cluster = self._clusters.get(identity)
        if cluster is None:
            cluster = self._clusters[identity] = Cluster(self._name, tokens, separators)
        else:
            cluster.widen(tokens)
        return cluster


def split_line(line: str) -> tuple[list[str], list[str]]:
    """Separators and tokens of a line, without white space in tokens: `separators[i]` precedes `tokens[i]`.

    JSON and logfmt are split around their punctuation, so that keys and values are tokens of their own.
    """
    line = line.strip()
    delimiter = _delimiter(line)
    begins_with_one = delimiter.match(line) is not None
    pieces = delimiter.split(line, _MOST_TOKENS + begins_with_one)
    tokens, separators = pieces[::2], pieces[1::2]
    if begins_with_one:
        del tokens[0]
    else:
        separators.insert(0, "")
    if len(tokens) > _MOST_TOKENS:
        tokens[-1] = _WORDS.sub("\u00b7", tokens[-1])
    if not tokens[-1]:
        del tokens[-1]
    return separators, tokens


def _delimiter(line: str) -> re.Pattern[str]:
    if line.startswith("{"):
        return _JSON
    return _LOGFMT if _LOGFMT_START.match(line) else _WORDS
