"""Patterns: what kinds of lines there are, and how many of each over time.

Lines are clustered by Drain (He et al., 2017) in drain3, each level on its own. Drain sees tokens
with digits made alike (`10.0.0.1` and `10.0.0.2` are both `#.#.#.#`), so that lines full of numbers
land in one cluster; the pattern that people see is kept beside it, with the text of every token
that never varied (`2005` stays) and `<_>`, as `|>` filters write it, for those that did.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from drain3.drain import Drain

from sigyn.model.results import LogEntry
from sigyn.model.time import SECOND

WILDCARD = "<_>"
MOST_PATTERNS = 300

_SIMILARITY = 0.5
_DEPTH = 4
_MOST_CLUSTERS = 300
"""Clusters of a level with which a line is compared: those found last. With all of them, 20,000 lines of random words
would take minutes."""

_MOST_TOKENS = 80
"""What comes after this many tokens is one token: the head of a line tells what kind it is."""

_WORDS = re.compile(r"\s+")
_JSON = re.compile(r'(?:[\s{}\[\]",]|(?<=")\s*:)+')
_LOGFMT = re.compile(r'[\s="]+')
_LOGFMT_START = re.compile(r'[^\s="]+=[^=]')
_VARIABLE = re.compile(
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
    r"|\b(?=[a-fA-F]*[0-9])[0-9a-fA-F]{12,}\b|0x[0-9a-fA-F]+|[0-9]+"
)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A kind of line with its counts: (start of the step in seconds since the epoch, lines)."""

    pattern: str
    level: str
    samples: tuple[tuple[int, int], ...]

    @property
    def lines(self) -> int:
        """Lines over all steps."""
        return sum(count for _, count in self.samples)


@dataclass(slots=True)
class PatternMiner:
    """Clusters lines and counts them per step of `step` ns."""

    step: int
    _levels: dict[str, "_Level"] = field(default_factory=dict)

    def add(self, entries: Iterable[LogEntry]) -> None:
        """Adds lines, each counted at its own time."""
        for entry in entries:
            self._cluster(entry).count(self._bucket(entry.timestamp), 1)

    def add_sample(self, entries: Sequence[LogEntry], totals: Mapping[int, int]) -> None:
        """Adds lines that stand for all of a range, whose true numbers by time (ns) are `totals`.

        A pattern gets the same share of every step of the range as it has of the sample.
        """
        shares: dict[int, tuple[_Cluster, int]] = {}
        for entry in entries:
            cluster = self._cluster(entry)
            _, seen = shares.get(id(cluster), (cluster, 0))
            shares[id(cluster)] = (cluster, seen + 1)
        for cluster, seen in shares.values():
            for timestamp, total in totals.items():
                cluster.count(self._bucket(timestamp), total * seen / len(entries))

    def _bucket(self, timestamp: int) -> int:
        return (timestamp - timestamp % self.step) // SECOND

    def _cluster(self, entry: LogEntry) -> "_Cluster":
        name = next((value for label, value in entry.metadata if label == "detected_level"), "unknown")
        level = self._levels.get(name)
        if level is None:
            level = self._levels[name] = _Level()
        return level.cluster(entry.line)

    def patterns(self) -> list[Pattern]:
        """The patterns found, those of the most lines first."""
        found = [
            Pattern(str(cluster), name, cluster.samples())
            for name, level in self._levels.items()
            for cluster in level.clusters.values()
        ]
        shown = [pattern for pattern in found if pattern.samples and pattern.pattern.strip()]
        return sorted(shown, key=lambda pattern: (-pattern.lines, pattern.pattern))[:MOST_PATTERNS]


@dataclass(slots=True)
class _Cluster:
    tokens: list[str]
    separators: list[str]
    counts: dict[int, float] = field(default_factory=dict)

    def __str__(self) -> str:
        return "".join(
            separator + token for separator, token in zip_longest(self.separators, self.tokens, fillvalue="")
        )

    def count(self, bucket: int, lines: float) -> None:
        self.counts[bucket] = self.counts.get(bucket, 0.0) + lines

    def samples(self) -> tuple[tuple[int, int], ...]:
        rounded = ((bucket, round(lines)) for bucket, lines in sorted(self.counts.items()))
        return tuple((bucket, lines) for bucket, lines in rounded if lines)

    def widen(self, tokens: list[str]) -> None:
        own = self.tokens
        for i, token in enumerate(tokens):
            if own[i] != token:
                own[i] = WILDCARD


class _Level:
    def __init__(self) -> None:
        self.clusters: dict[int, _Cluster] = {}
        self._drain = Drain(
            depth=_DEPTH,
            sim_th=_SIMILARITY,
            max_clusters=_MOST_CLUSTERS,
            param_str=WILDCARD,
            parametrize_numeric_tokens=False,
        )
        self._seen: dict[str, int] = {}

    def cluster(self, line: str) -> _Cluster:
        """The cluster of this line, widened to hold it."""
        separators, tokens = split_line(line)
        shape = _VARIABLE.sub("#", " ".join(tokens))
        identity = self._seen.get(shape)
        if identity is None:
            found, _ = self._drain.add_log_message(shape)
            identity = self._seen[shape] = int(found.cluster_id)
        cluster = self.clusters.get(identity)
        if cluster is None:
            cluster = self.clusters[identity] = _Cluster(tokens, separators)
        else:
            cluster.widen(tokens)
        return cluster


def split_line(line: str) -> tuple[list[str], list[str]]:
    """Separators and tokens of a line, without white space in tokens: `separators[i]` precedes `tokens[i]`.

    JSON and logfmt are split around their punctuation, so that keys and values are tokens of their own.
    """
    line = line.strip()
    delimiter = _delimiter(line)
    separators, tokens = [""], []
    at = 0
    for match in delimiter.finditer(line):
        if match.start() > 0:
            tokens.append(line[at : match.start()])
            separators.append(match[0])
        else:
            separators[0] = match[0]
        at = match.end()
        if len(tokens) == _MOST_TOKENS:
            break
    rest = _WORDS.sub("\u00b7", line[at:]) if len(tokens) == _MOST_TOKENS else line[at:]
    if rest:
        tokens.append(rest)
    return separators, tokens


def _delimiter(line: str) -> re.Pattern[str]:
    if line.startswith("{"):
        return _JSON
    return _LOGFMT if _LOGFMT_START.match(line) else _WORDS
