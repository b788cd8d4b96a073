"""Steps of a compiled pipeline, done to a frame."""

import sys
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sigyn.engine.automata.automaton import automaton_of
from sigyn.engine.duck import Duck
from sigyn.engine.frame import POSITION, Frame, flags_of
from sigyn.engine.interpreter.addresses import CANDIDATE
from sigyn.engine.interpreter.patterns import compile_line_pattern
from sigyn.engine.sql.mapping import mapped_texts
from sigyn.engine.sql.rendering import render
from sigyn.engine.sql.steps import (
    Coalesce,
    Compute,
    Extract,
    Filter,
    FilterLine,
    FilterText,
    FindAddress,
    Map,
    MatchPattern,
    Number,
    Parse,
    Render,
    Step,
)
from sigyn.engine.sql.text import Sql, build, identifier, literal
from sigyn.languages.logql.ip_pattern import parse_ip_pattern
from sigyn.store.portion import Portion
from sigyn.store.shapes.values import Flags

INTERPRETED_ROWS = 4096  # 20 to 80 ms for the interpreter; numba takes a second to load

_KERNELS = "sigyn.engine.sql.parsing"
_LOOPS = "sigyn.store.shapes.form_loops"


def run_steps(steps: Iterable[Step], frame: Frame, duck: Duck, check: Callable[[], None] = lambda: None) -> Frame:
    """Do the steps in order; the frame that comes back has all columns that the steps make.

    `check` is asked on the way, and raises when nobody waits for them any more.
    """
    for step in steps:
        check()
        if len(frame) == 0:
            # Nothing is left to look at, but later SQL still names the columns.
            _add_empty(step, frame)
            continue
        match step:
            case Filter(predicate):
                frame = frame.narrowed(positions_where(predicate, frame, duck))
            case FilterLine():
                frame = filter_lines(step, frame, duck)
            case FilterText(predicate):
                if not frame.is_shaped:
                    frame = frame.narrowed(positions_where(predicate, frame, duck))
            case Number():
                _add_numbers(step, frame, duck)
            case Parse():
                _parse(step, frame)
            case Compute(name, value):
                frame.add(name, _evaluate(value, frame, duck))
            case Coalesce(name, (source, other)):
                texts = _evaluate(source, frame, duck)
                frame.add(name, _coalesced(texts, _evaluate(other, frame, duck)) if texts.null_count else texts)
            case Map(name, source, convert):
                frame.add(name, mapped_texts(_evaluate(source, frame, duck), convert))
            case Extract():
                _extract(step, frame, duck)
            case MatchPattern(name):
                frame.add(name, _covered(step, frame))
            case FindAddress(name):
                frame.add(name, _with_address(step, frame, duck))
            case Render(name, doubt, sources):
                texts, failed = render(step, [_evaluate(source, frame, duck) for source in sources], check)
                frame.add(name, texts)
                frame.add(doubt, failed)
    return frame


def filtering_steps(steps: Sequence[Step]) -> Sequence[Step]:
    """The steps worth doing for a caller that interprets all entries that are left."""
    done = len(steps)
    while done and not isinstance(steps[done - 1], Filter | FilterLine | FilterText):
        done -= 1
    return steps[:done]


def without_last_filters(steps: Sequence[Step]) -> tuple[list[Step], list[Sql]]:
    """The steps up to the last one that is no filter, and the predicates of the filters behind it."""
    done = len(steps)
    while done and isinstance(steps[done - 1], Filter):
        done -= 1
    return list(steps[:done]), [step.predicate for step in steps[done:] if isinstance(step, Filter)]


def positions_where(predicate: Sql, frame: Frame, duck: Duck) -> npt.NDArray[np.int64]:
    """Positions in the frame of the rows for which the predicate is true, rising."""
    if predicate.test is not None:
        return np.flatnonzero(predicate.test(frame))
    whole = frame.whole(predicate.columns)
    table = whole if whole is not None else frame.table(sorted(predicate.columns))
    answer = select(f"SELECT {POSITION} FROM frame WHERE {predicate}", table, duck)
    if whole is not None:
        return frame.positions_of(answer.column(0).to_numpy())
    return np.sort(answer.column(0).to_numpy())


def select(sql: str, frame: pa.Table, duck: Duck) -> pa.Table:
    """The answer to a query over the table `frame`."""
    connection = duck.connection()
    connection.register("frame", frame)
    try:
        return connection.sql(sql).to_arrow_table()
    finally:
        connection.unregister("frame")


def filter_lines(step: FilterLine, frame: Frame, duck: Duck) -> Frame:
    """The frame of the entries that pass a line filter."""
    if not any(portion.is_shaped for portion in frame.portions):
        return frame.narrowed(_positions_by_text(step, frame, duck))
    passes = np.zeros(len(frame), np.bool_)
    unknown = np.ones(len(frame), np.bool_)
    for part in frame.selected():
        if part.portion.is_shaped:
            own = slice(part.first, part.first + len(part.rows))
            found, unknown[own] = _found(step, part.portion, part.rows)
            passes[own] = found != step.negative
    places = np.flatnonzero(unknown)
    if len(places):
        passes[places] = False
        passes[places[_positions_by_text(step, frame.narrowed(places), duck)]] = True
    return frame.narrowed(np.flatnonzero(passes))


def _positions_by_text(step: FilterLine, frame: Frame, duck: Duck) -> npt.NDArray[np.int64]:
    """Positions of the rows that pass, rising, by a look at their lines."""
    if step.first is not None:
        frame.add(step.first.name, _covered(step.first, frame))
    return positions_where(step.predicate, frame, duck)


def _found(step: FilterLine, portion: Portion, rows: npt.NDArray[np.int64]) -> tuple[Flags, Flags]:
    """Whether something that a line filter seeks is in the lines of these entries (rising), and where it is not known.

    Automata that know all characters are made only where lines have some beyond ASCII that matter.
    """
    findings = _found_by(step, portion, rows, ascii_only=True)
    if findings is None:
        return np.zeros(len(rows), np.bool_), np.ones(len(rows), np.bool_)
    found, unknown = findings
    if step.kind == "expression" and unknown.any():
        left = np.flatnonzero(unknown)
        findings = _found_by(step, portion, rows[left], ascii_only=False)
        if findings is not None:
            found[left], unknown[left] = findings
    return found, unknown


def _found_by(
    step: FilterLine, portion: Portion, rows: npt.NDArray[np.int64], *, ascii_only: bool
) -> tuple[Flags, Flags] | None:
    # The loops bring numba along: only where a query needs them.
    from sigyn.engine.automata.lines import find_in_lines

    automata = [automaton_of(text, step.kind, ascii_only=ascii_only) for text in step.sought]
    if None in automata:
        return None
    findings = [find_in_lines(portion, rows, automaton) for automaton in automata if automaton]
    found = np.logical_or.reduce([each.found for each in findings])
    return found, ~found & np.logical_or.reduce([each.unknown for each in findings])


def _evaluate(value: Sql, frame: Frame, duck: Duck) -> pa.Array:
    """The value of an expression for each row of the frame, in order."""
    names = sorted(value.columns)
    if len(names) == 1 and value.text == identifier(names[0]):
        return _whole(frame.column(names[0]))
    table = frame.table(names)
    answer = select(f"SELECT {value} AS value FROM frame ORDER BY {POSITION}", table, duck)
    return _whole(answer.column(0))


def _add_numbers(step: Number, frame: Frame, duck: Duck) -> None:
    """SQL's cast accepts more than Go's strconv.ParseFloat does and the other way round; they agree on
    texts of digits, a point and a leading minus.
    """
    text = step.source
    names = sorted(text.columns)
    stored = frame.numbers(names[0]) if len(names) == 1 and text.text == identifier(names[0]) else None
    if stored is not None:
        frame.add(step.name, stored)
        frame.add(step.doubt, np.zeros(len(frame), np.bool_))
        return
    value = build("TRY_CAST({} AS DOUBLE)", text)
    doubt = build("({} IS NOT NULL AND ({} IS NULL OR ltrim({}, '-0123456789.') <> ''))", text, value, text)
    texts = _whole(frame.column(names[0])) if text.name is not None else None
    if texts is not None and _LOOPS in sys.modules and texts.type == pa.string():
        from sigyn.store.shapes.forms import plain_numbers

        numbers, known = plain_numbers(texts)
        if known.sum() + texts.null_count == len(texts):
            frame.add(step.name, pa.array(numbers, mask=~known))
            frame.add(step.doubt, np.zeros(len(frame), np.bool_))
            return
    answer = select(
        f"SELECT {value} AS value, {doubt} AS doubt FROM frame ORDER BY {POSITION}", frame.table(names), duck
    )
    frame.add(step.name, answer.column("value"))
    frame.add(step.doubt, answer.column("doubt"))


def _coalesced(texts: pa.Array, others: pa.Array) -> pa.Array:
    if others.null_count == len(others):
        return texts
    return pc.coalesce(texts.cast(pa.string()), others.cast(pa.string()))


def _whole(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


def _add_empty(step: Step, frame: Frame) -> None:
    match step:
        case Parse():
            for name in (step.hard, step.failed):
                frame.add(name, pa.array([], pa.bool_()))
            for name in step.wanted.values():
                frame.add(name, pa.array([], pa.string()))
        case Compute(name, _) | Coalesce(name, _):
            frame.add(name, pa.array([], pa.string()))
        case Map(name, _, _):
            frame.add(name, pa.array([], pa.float64()))
        case Extract():
            for name, _ in step.groups:
                frame.add(name, pa.array([], pa.string()))
        case MatchPattern(name) | FindAddress(name):
            frame.add(name, pa.array([], pa.bool_()))
        case Render(name, doubt):
            frame.add(name, pa.array([], pa.string()))
            frame.add(doubt, pa.array([], pa.bool_()))
        case Number(name, doubt, _):
            frame.add(name, pa.array([], pa.float64()))
            frame.add(doubt, pa.array([], pa.bool_()))
        case Filter() | FilterLine() | FilterText():
            pass


def _extract(step: Extract, frame: Frame, duck: Duck) -> None:
    """DuckDB names groups by their order; one that takes no part is empty for it, as all are where nothing matches."""
    names = ", ".join(f"'{number}'" for number in range(1, step.count + 1))
    found = build(f"regexp_extract({{}}, {{}}, [{names}])", step.line, step.expression)
    empty = " AND ".join(f"found['{number}'] = ''" for number in range(1, step.count + 1))
    matches = build("regexp_matches({}, {})", step.line, step.expression)
    table = frame.table(sorted(step.columns))
    answer = select(
        f"SELECT found, CASE WHEN {empty} THEN {matches} ELSE true END AS matched"
        f" FROM (SELECT *, {found} AS found FROM frame) ORDER BY {POSITION}",
        table,
        duck,
    )
    matched = flags_of(answer.column("matched"))
    groups = _whole(answer.column("found"))
    for name, number in step.groups:
        texts = groups.field(number - 1)
        frame.add(name, texts if matched.all() else pc.if_else(pa.array(matched), texts, None))


def _parse(step: Parse, frame: Frame) -> None:
    if len(frame) <= INTERPRETED_ROWS and not _is_kernel_ready(step.kind):
        _leave_to_interpreter(step, frame)
        return
    # The kernels bring numba along, some 60 MB of memory: only where a query needs them.
    from sigyn.engine.sql.parsing import parse_lines

    parse_lines(step, frame)


def _covered(step: MatchPattern, frame: Frame) -> Flags:
    """Which lines one of the patterns covers."""
    if len(frame) <= INTERPRETED_ROWS and not _is_kernel_ready("pattern"):
        tests = [compile_line_pattern(pattern) for pattern in step.patterns]
        (name,) = step.columns
        lines = frame.column(name).to_pylist()
        return np.array([any(test(line) for test in tests) for line in lines], np.bool_)
    from sigyn.engine.sql.parsing import covered_lines

    return covered_lines(step, frame)


def _with_address(step: FindAddress, frame: Frame, duck: Duck) -> Flags:
    """Which lines hold an address that is wanted."""
    patterns = [parse_ip_pattern(pattern) for pattern in step.patterns]
    if all(pattern.version == 4 for pattern in patterns) and (len(frame) > INTERPRETED_ROWS or _is_kernel_ready("ip")):
        from sigyn.engine.sql.parsing import addressed_lines

        (name,) = step.columns
        return addressed_lines(patterns, name, frame)
    # Each that may be one is looked at once, wherever it stands.
    candidates = build("unnest(regexp_extract_all({}, {}))", step.line, literal(CANDIDATE))
    table = frame.table(sorted(step.columns))
    answer = select(f"SELECT {POSITION}, {candidates} AS address FROM frame", table, duck)
    texts = _whole(answer.column("address")).dictionary_encode()
    wanted = [any(pattern.contains(text) for pattern in patterns) for text in texts.dictionary.to_pylist()]
    found = np.zeros(len(frame), np.bool_)
    found[answer.column(POSITION).to_numpy()[np.array(wanted, np.bool_)[texts.indices.to_numpy()]]] = True
    return found


def _is_kernel_ready(kind: str) -> bool:
    """Whether the kernel is compiled; another thread may be at it."""
    is_ready: Callable[[str], bool] | None = getattr(sys.modules.get(_KERNELS), "is_ready", None)
    return is_ready is not None and is_ready(kind)


def _leave_to_interpreter(step: Parse, frame: Frame) -> None:
    """Call every line hard: the quicker way for few of them, as long as the kernels are not loaded."""
    frame.add(step.hard, np.ones(len(frame), np.bool_))
    frame.add(step.failed, np.zeros(len(frame), np.bool_))
    for name in step.wanted.values():
        frame.add(name, pa.nulls(len(frame), pa.string()))
