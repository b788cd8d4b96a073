"""Redaction at the door: what must not be stored is hidden before anything looks at a push, whatever it came by.

Lines and structured metadata are searched as columns: first for short runs of bytes of which every secret holds one,
for all rules at once; then what is left by RE2 in Arrow. Python sees only the texts in which a pattern is found.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sigyn.languages.redaction.patterns import Pattern, known_pattern
from sigyn.languages.redaction.rule import RedactionRule, compile_rule
from sigyn.model.labels import Labels
from sigyn.services.needle_search import Mask, possible_rows
from sigyn.wire.push import DecodedPush

_decode = msgspec.json.Decoder(dict[str, str]).decode
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class RedactionRules:
    """What is hidden: names of patterns that Sigyn knows, expressions of one's own by name, and the key of hashes."""

    patterns: tuple[str, ...] = ()
    expressions: tuple[tuple[str, str], ...] = ()
    hash_key: str = field(default="", repr=False)

    def __bool__(self) -> bool:
        return bool(self.patterns or self.expressions)


@lru_cache(maxsize=256)
def compile_rules(rules: RedactionRules) -> tuple[RedactionRule, ...]:
    """The rules, ready for use. Raises BadRequest for an unknown pattern or a broken expression."""
    key = rules.hash_key.encode()
    known = [(name, known_pattern(name)) for name in rules.patterns]
    own = [(name, Pattern(expression)) for name, expression in rules.expressions]
    return tuple(compile_rule(name, pattern, key) for name, pattern in known + own)


def redacted(push: DecodedPush, rules: RedactionRules) -> tuple[DecodedPush, Counter[str]]:
    """A push without what the rules hide, and how much each of them hid."""
    counts: Counter[str] = Counter()
    entries, streams = push.entries, push.streams
    lines, metadata = entries["line"].combine_chunks(), entries["metadata"].combine_chunks()
    compiled = compile_rules(rules)
    patterns = [rule.pattern for rule in compiled]
    in_lines, in_metadata = possible_rows(lines, patterns), possible_rows(metadata, patterns)
    streams = tuple(labels if _is_clean(labels, rules) else _in_stream(labels, compiled, counts) for labels in streams)
    pairs = _pairs_of(metadata) if rules.expressions and metadata.null_count < len(metadata) else None
    for number, rule in enumerate(compiled):
        lines = _in_lines(lines, rule, counts, in_lines[number])
        # The patterns that Sigyn knows are found in JSON, too; expressions of one's own need not be.
        is_own = number >= len(rules.patterns)
        found = pairs.found(rule) if pairs and is_own else _found(metadata, rule, in_metadata[number])
        metadata = _in_metadata(metadata, rule, counts, found)
    if not counts:
        return push, counts
    entries = pa.Table.from_arrays([entries["stream"], entries["timestamp"], lines, metadata], schema=entries.schema)
    return replace(push, streams=streams, entries=entries), counts


def redacted_text(text: str, rules: RedactionRules) -> str:
    """A text without what the rules hide."""
    for rule in compile_rules(rules):
        text, _ = rule.redact(text)
    return text


def _in_lines(lines: pa.Array, rule: RedactionRule, counts: Counter[str], possible: Mask | None) -> pa.Array:
    found = _found(lines, rule, possible)
    if not found.any():
        return lines
    changed = []
    for text in lines.filter(pa.array(found)).to_pylist():
        text, count = rule.redact(text)
        counts[rule.name] += count
        changed.append(text)
    return pc.replace_with_mask(lines, pa.array(found), pa.array(changed, pa.string()))


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Structured metadata without escapes, pair by pair: of which row, the value, and `name=value`."""

    rows: npt.NDArray[np.int64]
    values: pa.Array
    named: pa.Array
    count: int

    def found(self, rule: RedactionRule) -> Mask:
        """In which rows the pattern is found."""
        found = np.zeros(self.count, np.bool_)
        found[self.rows[_found(self.values, rule, None) | _found(self.named, rule, None)]] = True
        return found


def _pairs_of(metadata: pa.Array) -> _Pairs:
    # Without escapes a quote is never part of a value.
    lists = pc.split_pattern(pc.replace_substring_regex(metadata, r'^\{"|"\}$', ""), '","')
    pairs = lists.flatten()
    return _Pairs(
        pc.list_parent_indices(lists).to_numpy(zero_copy_only=False),
        pc.replace_substring_regex(pairs, '^[^"]*":"', ""),
        pc.replace_substring(pairs, '":"', "=", max_replacements=1),
        len(metadata),
    )


def _in_metadata(metadata: pa.Array, rule: RedactionRule, counts: Counter[str], found: Mask) -> pa.Array:
    # A value with an escaped character may hold what the text of the JSON does not show.
    found = found | _mask(pc.match_substring(metadata, "\\"))
    if not found.any():
        return metadata
    changed = []
    for text in metadata.filter(pa.array(found)).to_pylist():
        pairs = {name: _value(name, value, rule, counts) for name, value in _decode(text).items()}
        changed.append(_encode(pairs).decode())
    return pc.replace_with_mask(metadata, pa.array(found), pa.array(changed, pa.string()))


@lru_cache(maxsize=16_384)
def _is_clean(labels: Labels, rules: RedactionRules) -> bool:
    """Whether the rules find nothing in labels, which mostly come again with the next push."""
    return _in_stream(labels, compile_rules(rules), Counter()) == labels


def _in_stream(labels: Labels, rules: Sequence[RedactionRule], counts: Counter[str]) -> Labels:
    for rule in rules:
        labels = tuple((name, _value(name, value, rule, counts)) for name, value in labels)
    return labels


def _value(name: str, value: str, rule: RedactionRule, counts: Counter[str]) -> str:
    """A value without what the rule hides; all of it where the name says that it is a secret, `password`."""
    if value and _announces(name, rule):
        counts[rule.name] += 1
        return rule.mark(value)
    changed, count = rule.redact(value)
    if not count:
        changed, count = _behind_its_name(name, value, rule)
    if count:
        counts[rule.name] += count
    return changed


def _behind_its_name(name: str, value: str, rule: RedactionRule) -> tuple[str, int]:
    """What is left of a value when it is seen as a line shows it, `token=abcdef123`, and how much was hidden."""
    start = f"{name}="
    changed, count = rule.redact(start + value)
    if not count:
        return value, 0
    return (changed.removeprefix(start) if changed.startswith(start) else rule.mark(value)), count


@lru_cache(maxsize=8_192)
def _announces(name: str, rule: RedactionRule) -> bool:
    return bool(rule.redact(f"{name}=x")[1])


def _found(texts: pa.Array, rule: RedactionRule, possible: Mask | None) -> Mask:
    """In which texts the pattern is found, of those in which it is possible; nulls have none."""
    if possible is None:
        possible = np.ones(len(texts), np.bool_)
        if rule.pattern.hints:
            possible = np.logical_or.reduce([_mask(pc.match_substring(texts, hint)) for hint in rule.pattern.hints])
    if not possible.any():
        return possible
    some = texts if possible.all() else texts.filter(pa.array(possible))
    found = possible.copy()
    found[possible] = _mask(pc.match_substring_regex(some, rule.pattern.expression))
    return found


def _mask(answers: pa.Array) -> Mask:
    mask: Mask = np.array(pc.fill_null(answers, False), np.bool_)
    return mask
