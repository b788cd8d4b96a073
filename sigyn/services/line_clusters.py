"""Clusters of lines of one kind, each level on its own.

What is clustered are tokens with digits made alike (`10.0.0.1` and `10.0.0.2` are both `#.#.#.#`), so that lines full
of numbers land in one cluster; the pattern that people see is kept beside it, with the text of every token
that never varied (`2005` stays) and `<_>`, as `|>` filters write it, for those that did.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sigyn.services.alike_lines import VARIABLE, VARIED, Alike, group_alike
from sigyn.services.drain import WILDCARD, find_clusters

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
    _fixed: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self._fixed = list(range(len(self._tokens)))

    def __str__(self) -> str:
        return "".join(
            separator + token for separator, token in zip_longest(self._separators, self._tokens, fillvalue="")
        )

    def widen(self, tokens: Sequence[str]) -> None:
        """Make it hold a line of these tokens."""
        own = self._tokens
        varied = [place for place in self._fixed if own[place] != tokens[place]]
        if varied:
            for place in varied:
                own[place] = WILDCARD
            self._fixed = [place for place in self._fixed if own[place] != WILDCARD]


def cluster_lines(lines: pa.StringArray, levels: pa.StringArray) -> tuple[Sequence[Cluster], npt.NDArray[np.int64]]:
    """The clusters of lines, and for each line the number of its own; lines have no null, levels may."""
    codes = levels.fill_null("unknown").dictionary_encode()
    level_of = codes.indices.to_numpy()
    groups, found = group_alike(lines, level_of)
    of_groups = np.empty(len(found), np.int64)
    in_level: list[list[int]] = [[] for _ in range(len(codes.dictionary))]
    for group, alike in enumerate(found):
        in_level[level_of[alike.row]].append(group)
    clusters: list[Cluster] = []
    for level, of_level in zip(codes.dictionary.to_pylist(), in_level, strict=True):
        own, of_lines = _of_level(level, [found[group] for group in of_level])
        of_groups[of_level] = np.array(of_lines, np.int64) + len(clusters)
        clusters += own
    return clusters, of_groups[groups]


class _Masked(dict[str, int]):
    """Numbers of tokens, equal for those that differ in numbers and ids only."""

    def __init__(self) -> None:
        self._numbers = {WILDCARD: 0}

    @property
    def names(self) -> list[str]:
        return list(self._numbers)

    def __missing__(self, token: str) -> int:
        number = self[token] = self._numbers.setdefault(VARIABLE.sub(VARIED, token), len(self._numbers))
        return number


def _of_level(level: str, lines: Sequence[Alike]) -> tuple[list[Cluster], list[int]]:
    """The clusters of some lines, and for each its own."""
    masked = _Masked()
    split = [split_line(alike.line) for alike in lines]
    texts: dict[tuple[int, ...], int] = {}
    text_of = [texts.setdefault(tuple([masked[token] for token in tokens]), len(texts)) for _, tokens in split]
    cluster_of = find_clusters(list(texts), masked.names)
    clusters: list[Cluster] = []
    of_lines = [cluster_of[text] for text in text_of]
    for alike, (separators, tokens), number in zip(lines, split, of_lines, strict=True):
        if number == len(clusters):
            clusters.append(Cluster(level, tokens, separators))
        else:
            clusters[number].widen(tokens)
        if alike.varied is not None:
            clusters[number].widen(split_line(alike.varied)[1])
    return clusters, of_lines


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
