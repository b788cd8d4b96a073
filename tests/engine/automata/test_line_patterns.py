"""The automaton of a pattern of `|>` covers the lines that the interpreter says it does."""

import json

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from sigyn.engine.automata.automaton import FIRST, Automaton, automaton_of
from sigyn.engine.automata.lines import find_in_lines
from sigyn.engine.interpreter.patterns import compile_line_pattern
from sigyn.store.shapes.shaping import shape_lines
from tests.store.test_shapes import NOON, portion_of

few_letters = st.text("ab é", max_size=12)


@st.composite
def patterns(draw: st.DrawFn, literals: st.SearchStrategy[str]) -> str:
    """Literals with `<_>` between them, in front and behind."""
    pieces = draw(st.lists(literals.filter(bool), max_size=4))
    ends = draw(st.tuples(st.sampled_from(("", "<_>")), st.sampled_from(("", "<_>")))) if pieces else ("", "")
    return ends[0] + "<_>".join(pieces) + ends[1] if pieces else draw(st.sampled_from(("", "<_>")))


def covers(automaton: Automaton, line: str) -> bool:
    return bool(automaton.at_end[automaton.after(FIRST, line.encode())])


@settings(max_examples=300, deadline=None)
@given(patterns(st.text("ab é", max_size=4)), st.lists(few_letters, min_size=1, max_size=20))
def test_lines_of_few_letters(pattern: str, lines: list[str]) -> None:
    automaton = automaton_of(pattern, "pattern")
    assert automaton is not None
    matches = compile_line_pattern(pattern)
    assert [covers(automaton, line) for line in lines] == [matches(line) for line in lines]


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans(), st.data())
def test_lines_that_are_held_in_columns(seed: int, quoted: bool, data: st.DataObject) -> None:
    """Patterns cut from a line, as who clicks at one in a list of patterns asks for them."""
    random = np.random.default_rng(seed)
    lines = []
    for _ in range(60):
        fields = {
            "msg": f"took {random.integers(100)} ms of {random.choice(['orders', 'users', 'a b'])}",
            "user": f"user_{random.integers(10 ** random.integers(1, 12))}",
            "n": int(random.integers(-5, 5)),
            "id": random.bytes(8).hex(),
            "status": random.choice(["200", "404", "ok é"]),
        }
        lines.append(json.dumps(fields) if quoted else " ".join(f"{name}={value}" for name, value in fields.items()))
    lines += ["a text", "", lines[3] + " more"]
    line = data.draw(st.sampled_from(lines))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(line)), max_size=6)))
    bounds = [0, *cuts, len(line)]
    kept = [line[begin:end] for begin, end in zip(bounds[::2], bounds[1::2], strict=False)]
    pattern = "<_>".join(piece for piece in kept if piece)
    pattern = data.draw(st.sampled_from(("", "<_>"))) + pattern + data.draw(st.sampled_from(("", "<_>")))
    pattern = pattern.replace("<_><_>", "<_>")
    automaton = automaton_of(pattern, "pattern")
    shaped = shape_lines(pa.array(lines), np.full(len(lines), NOON), 1)
    if automaton is None or shaped is None:
        return
    matches = compile_line_pattern(pattern)
    findings = find_in_lines(portion_of(lines, shaped), np.arange(len(lines)), automaton)
    assert findings.found.tolist() == [matches(each) for each in lines]
    assert not findings.unknown.any()


def test_a_pattern_that_is_too_long_has_none() -> None:
    assert automaton_of("a" * 600 + "<_>", "pattern") is None
