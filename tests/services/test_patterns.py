"""Patterns of many lines: what is found, and how much is compared for it."""

import random
import string

import pytest
from drain3.drain import Drain

from sigyn.model.results import LogEntry
from sigyn.services.patterns import PatternMiner

STEP = 10_000_000_000


def entries(lines: list[str]) -> list[LogEntry]:
    return [LogEntry(number, line, (), (), ()) for number, line in enumerate(lines)]


def test_lines_of_random_words_are_compared_with_some_others_only(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = 0
    compare = Drain.get_seq_distance

    def counted(*arguments: object) -> tuple[float, int]:
        nonlocal compared
        compared += 1
        return compare(*arguments)

    monkeypatch.setattr(Drain, "get_seq_distance", counted)
    chance = random.Random(5)
    lines = []
    for number in range(2_000):
        words = ("".join(chance.choices(string.ascii_lowercase, k=7)) for _ in range(6))
        lines.append("the same " + " ".join(words))
        if not number % 4:
            lines.append(f"the same order of {lines[-1][-7:]} was sent to the shop")
    miner = PatternMiner(STEP)
    miner.add(entries(lines))
    assert compared < 300 * len(lines)
    assert (miner.patterns()[0].pattern, miner.patterns()[0].lines) == (
        "the same order of <_> was sent to the shop",
        500,
    )
