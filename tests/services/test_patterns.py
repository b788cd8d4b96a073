"""Patterns of many lines: what is found, how much is compared for it, and that the quick way finds the same."""

import random
import string
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from drain3.drain import Drain

from sigyn.engine.line_sample import sample_of
from sigyn.model.results import LineSample, LogEntry
from sigyn.services.alike_lines import ALIKE_LOOPS, VARIABLE, group_alike
from sigyn.services.drain import DRAIN_LOOPS, WILDCARD, find_clusters
from sigyn.services.line_clusters import cluster_lines, split_line
from sigyn.services.patterns import patterns_of_all, patterns_of_sample

STEP = 10_000_000_000
PIECES = (
    *(
        "0",
        "7",
        "12",
        "0x",
        "0xfe",
        "a",
        "f",
        "g",
        "_",
        "#",
        "x",
        "deadbeef",
        "abcdefabcdef",
        "4711cafe4711",
        "-",
        "--",
    ),
    *("4bf92f35-77b3-4da6-a3ce-929d0e0e4736", "4bf92f35-", "77b3-4da6-a3ce-", "é", "·", "\u00a0", "日本", "<_>"),
    *(" ", "  ", "\t", "\n", '"', '":', '" :', ":", ",", "{", "}", "[", "]", "=", "level=", "status=", "."),
)


def sample(lines: Sequence[str], levels: Sequence[str | None] = ()) -> LineSample:
    """Lines of one step, each a nanosecond older than the one before."""
    metadata = [(("detected_level", level),) if level else () for level in levels] or [()] * len(lines)
    newest_first = zip(range(len(lines), 0, -1), lines, metadata, strict=True)
    entries = [LogEntry(time, line, (), own, ()) for time, line, own in newest_first]
    return sample_of(np.array([0, STEP]), [entries])


def random_lines(chance: random.Random, count: int) -> list[str]:
    """Lines of which many are alike: few templates, with places for anything."""
    templates = [[chance.choice(PIECES) for _ in range(chance.choice((0, 1, 4, 30, 200)))] for _ in range(12)]
    templates += [["{", *template] for template in templates[:4]]
    lines = []
    for _ in range(count):
        template = list(chance.choice(templates))
        for place in range(len(template)):
            if chance.random() < 0.1:
                template[place] = chance.choice(PIECES[:10])
        lines.append("".join(template))
    return lines


def test_lines_of_random_words_are_compared_with_some_others_only(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = 0
    compare = Drain.get_seq_distance

    def counted(*arguments: object) -> tuple[float, int]:
        nonlocal compared
        compared += 1
        return compare(*arguments)

    monkeypatch.setattr(Drain, "get_seq_distance", counted)
    monkeypatch.setattr(DRAIN_LOOPS, "ready", lambda: None)
    chance = random.Random(5)
    lines = []
    for number in range(2_000):
        words = ("".join(chance.choices(string.ascii_lowercase, k=7)) for _ in range(6))
        lines.append("the same " + " ".join(words))
        if not number % 4:
            lines.append(f"the same order of {lines[-1][-7:]} was sent to the shop")
    found = patterns_of_all(sample(lines), STEP)
    assert 0 < compared < 300 * len(lines)
    assert (found[0].pattern, found[0].lines) == ("the same order of <_> was sent to the shop", 500)


@pytest.mark.parametrize("seed", range(8))
def test_lines_that_are_alike_are_clustered_as_if_one_by_one(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    for loops in (ALIKE_LOOPS, DRAIN_LOOPS):
        loops.warm()
    chance = random.Random(seed)
    lines = random_lines(chance, 3_000)
    levels = [chance.choice(("info", "warn", None)) for _ in lines]
    texts, names = pa.array(lines, pa.string()), pa.array(levels, pa.string())
    clusters, of_lines = cluster_lines(texts, names)
    for loops in (ALIKE_LOOPS, DRAIN_LOOPS):
        monkeypatch.setattr(loops, "ready", lambda: None)
    plain, plain_of_lines = cluster_lines(texts, names)
    shown, expected = ([(each.level, str(each)) for each in found] for found in (clusters, plain))
    assert shown == expected
    assert of_lines.tolist() == plain_of_lines.tolist()


@pytest.mark.parametrize("seed", range(8))
def test_loops_find_the_numbers_and_ids_that_the_expression_finds(seed: int) -> None:
    ALIKE_LOOPS.warm()
    lines = [line for line in random_lines(random.Random(seed), 3_000) if line.isascii()] * 2
    groups, found = group_alike(pa.array(lines, pa.string()), np.zeros(len(lines), np.int32))
    masked: dict[tuple[str, ...], int] = {}
    expected = [masked.setdefault(tuple(VARIABLE.split(line)), len(masked)) for line in lines]
    assert groups.tolist() == expected
    assert [alike.row for alike in found] == [expected.index(number) for number in range(len(masked))]


@pytest.mark.parametrize("seed", range(12))
def test_loops_find_the_clusters_that_drain3_finds(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """With first tokens in plenty, clusters that are given up, and texts that hold the wildcard."""
    chance = random.Random(seed)
    names = [f"word{number}" for number in range(chance.choice((3, 8, 150, 400)))]
    names.insert(chance.randrange(len(names)), WILDCARD)
    usual = range(chance.choice((2, 4, len(names))))
    lengths = chance.choice(((0, 1, 2, 3), (4,), (3, 5, 8), (30,)))
    texts = dict.fromkeys(
        (chance.randrange(len(names)), *(chance.choice(usual) for _ in range(length - 1)))[:length]
        for length in chance.choices(lengths, k=2_000)
    )
    DRAIN_LOOPS.warm()
    found = find_clusters(list(texts), names)
    monkeypatch.setattr(DRAIN_LOOPS, "ready", lambda: None)
    assert found == find_clusters(list(texts), names)


def test_an_object_is_split_around_its_punctuation() -> None:
    assert split_line(' {"a":"b c", "d" :1}') == (['{"', '":"', " ", '", "', '" ', "}"], ["a", "b", "c", "d", ":1"])
    assert split_line("") == ([""], [])
    many = " ".join(str(number) for number in range(100))
    assert split_line(many)[1][79:] == ["79", "·".join(str(number) for number in range(80, 100))]


def test_what_never_varies_stays() -> None:
    lines = [f"request {number} took {number % 7} ms over HTTP/1.1" for number in range(2_000)]
    ALIKE_LOOPS.warm()
    (pattern,) = patterns_of_all(sample(lines, ["info"] * len(lines)), STEP)
    assert (pattern.pattern, pattern.level) == ("request <_> took <_> ms over HTTP/1.1", "info")
    assert pattern.samples == ((0, 2_000),)


def test_a_sample_stands_for_all_lines_of_its_interval() -> None:
    def lines(step: int, first: int, second: int) -> list[LogEntry]:
        texts = ["user logged in"] * first + ["cache is cold now"] * second
        return [LogEntry(step * STEP + 9, text, (), (), ()) for text in texts]

    edges = np.array([0, 2 * STEP, 4 * STEP, 6 * STEP])
    some = sample_of(edges, [lines(1, 3, 1), lines(3, 1, 1), []])
    times, totals = np.array([0, STEP, 3 * STEP, 5 * STEP]), np.array([400, 40, 10, 1_000])
    found = patterns_of_sample(some, times, totals, STEP)
    assert [(pattern.pattern, pattern.samples) for pattern in found] == [
        ("user logged in", ((0, 300), (10, 30), (30, 5))),
        ("cache is cold now", ((0, 100), (10, 10), (30, 5))),
    ]
