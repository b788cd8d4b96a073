"""Lines as shapes and columns: nothing is lost, and a column says what the parser would."""

from collections.abc import Sequence

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigyn.engine.interpreter.entry import DUPLICATE_SUFFIX, RESERVED
from sigyn.engine.interpreter.pipeline import Pipeline
from sigyn.languages.logql import ast
from sigyn.store.layout import Layout
from sigyn.store.portion import Portion
from sigyn.store.shapes.form_loops import read_hex
from sigyn.store.shapes.forms import (
    DecimalForm,
    HexForm,
    NumberedForm,
    TextForm,
    TimeForm,
    choose_form,
    decode_form,
    equal_rows,
)
from sigyn.store.shapes.shaping import MAX_COLUMNS, ShapedLines, shape_lines
from sigyn.store.shapes.templates import Template, TemplatedForm, templates_of
from tests.engine.agreement_words import lines as any_lines

NOON = 1_768_478_400 * 10**9

numbers = st.one_of(
    st.integers(-(10**15), 10**15).map(str),
    st.decimals(-(10**6), 10**6, places=3).map(str),
    st.sampled_from(("0", "-0", "007", "1.", ".5", "1e3", "0.10", "-12.50", "999999999999999999")),
)
times = st.one_of(
    st.integers(-(10**9), 10**9).map(lambda delta: _text_of(NOON + delta * 1_000_000)),
    st.sampled_from(
        ("2026-02-30T00:00:00.000Z", "2026-01-15T24:00:00.000Z", "2026-01-15T10:00:00.12Z", "1666-01-01T00:00:00.000Z")
    ),
)
ids = st.one_of(
    st.integers(0, 2**64 - 1).map(lambda number: f"{number:016x}"), st.sampled_from(("00F067AA0BA902B7", "", "0af"))
)

numbered = st.tuples(
    st.sampled_from(("user_", "ü ", "")),
    st.one_of(st.integers(0, 10**16).map(str), st.sampled_from(("", "-1", "007", "1.5", "x"))),
).map("".join)


pieces_of_messages = st.sampled_from(("took ", " ms", "line ", ", in ", "v", ".", "-", " of ", "007", "ü", ""))
numbers_of_messages = st.sampled_from(
    (
        st.integers(0, 99).map(str),
        st.integers(0, 10**15 - 1).map(str),
        st.integers(0, 10**6).map(lambda number: f"{number // 100}.{number % 100:02}"),
        st.sampled_from(("0", "1.5", "1.10", "00", "007.5", "1.2345678901", "1234567890123.123", "12345678901234567")),
    )
)


def _messages_of(pieces: list[tuple[str, st.SearchStrategy[str]]]) -> st.SearchStrategy[str]:
    """These texts with numbers behind each."""
    return st.tuples(*(number.map(lambda text, piece=piece: piece + text) for piece, number in pieces)).map("".join)


messages: st.SearchStrategy[list[str]] = (
    st.lists(st.lists(st.tuples(pieces_of_messages, numbers_of_messages), max_size=4), min_size=1, max_size=3)
    .map(lambda templates: st.one_of([_messages_of(template) for template in templates]))
    .flatmap(lambda texts: st.lists(texts, min_size=16, max_size=60))
)
"""Texts that are few but for the numbers in them, mostly."""


def _text_of(time: int) -> str:
    stamp = np.datetime64(time // 1_000_000, "ms")
    return f"{stamp}Z"


def portion_of(lines: list[str], shaped: ShapedLines, read: list[str] | None = None) -> Portion:
    """The lines as a segment holds them; `read` gets the names of the columns that are asked for."""
    held = {
        "timestamp": pa.array([NOON] * len(lines), pa.int64()),
        "line": pa.array(
            [None if shape >= 0 else line for line, shape in zip(lines, shaped.of_line, strict=True)], pa.string()
        ),
        "shape": pa.array(shaped.of_line),
        **shaped.columns,
    }
    layout = Layout.of(msgspec.json.encode(shaped.table.shapes), msgspec.json.encode(shaped.forms))

    def load(names: Sequence[str]) -> pa.Table:
        if read is not None:
            read.extend(names)
        return pa.table({name: held[name] for name in names})

    return Portion(len(lines), load, layout, has_metadata=False)


@settings(max_examples=200, deadline=None)
@given(st.lists(any_lines, min_size=1, max_size=30))
def test_lines_come_back_byte_for_byte(lines: list[str]) -> None:
    shaped = shape_lines(pa.array(lines), np.full(len(lines), NOON), 1)
    if shaped is None:
        return
    portion = portion_of(lines, shaped)
    some = np.arange(0, len(lines), 3)
    assert portion.lines(some).to_pylist() == [lines[row] for row in some]
    assert portion.column("line").to_pylist() == lines


@settings(max_examples=200, deadline=None)
@given(st.lists(any_lines, min_size=1, max_size=30))
def test_a_field_is_what_the_parser_gives(lines: list[str]) -> None:
    shaped = shape_lines(pa.array(lines), np.full(len(lines), NOON), 1)
    if shaped is None:
        return
    portion = portion_of(lines, shaped)
    for syntax, stage in (("json", ast.JsonParser()), ("logfmt", ast.LogfmtParser())):
        known = portion.shaped(syntax)
        for row in np.flatnonzero(known) if known is not None else ():
            parsed = Pipeline((stage,)).process((), NOON, lines[row], ())
            assert parsed is not None
            labels = parsed.labels()
            assert "__error__" not in labels
            names = set(labels) | {column.partition(".")[2] for column in shaped.forms}
            names -= RESERVED | {name + DUPLICATE_SUFFIX for name in RESERVED}  # no query asks for such a column
            for name in names:
                escaped, texts = portion.escaped(name), portion.field(name, np.arange(portion.rows))
                if escaped is None or not escaped[row]:
                    assert (texts[int(row)].as_py() if texts is not None else None) == labels.get(name)


@pytest.mark.parametrize(
    ("line", "columns"),
    [
        ('{"пользователь":"u1","2xx":3,"http":{"5xx":1}," at ":"x"}', "____________ _2xx http_5xx at"),
        ('{"имя":"a","ключ":"b"}', "___ ____"),
        ("имя=a 2xx=3 größe=5", "___ _2xx gr__e"),
    ],
)
def test_keys_of_any_letters_and_digits_are_columns(line: str, columns: str) -> None:
    shaped = shape_lines(pa.array([line] * 40), np.full(40, NOON), 1)
    assert shaped is not None
    assert (shaped.of_line == 0).all()
    assert list(shaped.table.shapes[0].columns) == [f"field.{name}" for name in columns.split()]


@pytest.mark.parametrize(
    "line", ['{"имя":"a","мир":"b"}', '{"":"a","b":1}', '{" ":"a","b":1}', '{"a\ufffd":"a","b":1}']
)
def test_lines_whose_keys_give_no_names_of_their_own_are_text(line: str) -> None:
    shaped = shape_lines(pa.array([line] * 40), np.full(40, NOON), 1)
    assert shaped is None or (shaped.of_line < 0).all()


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from((numbers, times, ids, numbered)).flatmap(
        lambda kind: st.lists(st.none() | kind, min_size=1, max_size=40)
    )
    | messages
)
def test_a_form_gives_back_what_it_says_it_holds(texts: list[str | None]) -> None:
    column = pa.array(texts, pa.string())
    timestamps = NOON + np.arange(len(texts)) * 12_345_678
    form = choose_form(column)
    held, fits = form.encode("field.x", column, timestamps)
    back = decode_form(form, "field.x", held, timestamps).to_pylist()
    assert [text for text, fit in zip(back, fits, strict=True) if fit] == [
        text for text, fit in zip(texts, fits, strict=True) if fit
    ]


def test_forms_are_chosen_by_what_the_texts_are() -> None:
    def form(texts: list[str]) -> object:
        return choose_form(pa.array(texts))

    assert form([f"{n:032x}" for n in range(100)]) == HexForm(32)
    assert form([f"{n}.25" for n in range(100)]) == DecimalForm(2)
    assert form([str(n) if n % 2 else f"{n}.5" for n in range(100)]) == DecimalForm(None)
    assert form([f"2026-01-15 10:00:{n % 60:02}.{n:06}" for n in range(100)]) == TimeForm(" ", 6, "")
    assert form(["GET", "PUT"] * 100) == TextForm(dictionary=True)
    assert form([f"user {n}" for n in range(100)]) == NumberedForm("user ")
    assert form([f"user {n} of {n}" for n in range(100)]) == TemplatedForm((Template(("user ", " of ", ""), (0, 0)),))
    assert form([f"{n} users" for n in range(100)]) == TemplatedForm((Template(("", " users"), (0,)),))
    assert form([f"took {n}.{n % 10}{n % 7} ms" for n in range(100)]) == TemplatedForm(
        (Template(("took ", " ms"), (2,)),)
    )
    assert form([f"{chr(97 + n // 26)}{chr(97 + n % 26)} {n}" for n in range(100)]) == TextForm(dictionary=False)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from((numbers, ids, numbered)).flatmap(lambda kind: st.lists(st.none() | kind, min_size=1, max_size=40))
    | messages,
    st.data(),
)
def test_a_text_is_found_without_reading_texts(texts: list[str | None], data: st.DataObject) -> None:
    column = pa.array(texts, pa.string())
    form = choose_form(column)
    held, fits = form.encode("field.x", column, np.zeros(len(texts), np.int64))
    sought = data.draw(st.one_of(st.sampled_from([text or "-" for text in texts]), numbers, numbered))
    found = equal_rows(form, "field.x", held, sought)
    if found is not None:
        assert found.tolist() == [bool(fit) and text == sought for fit, text in zip(fits, texts, strict=True)]


@given(st.lists(st.sampled_from(("GET", "PUT", "", "ü", None)), min_size=1), st.sampled_from(("GET", "DELETE", "")))
def test_few_texts_are_held_as_their_places_in_the_footer(texts: list[str | None], sought: str) -> None:
    column, times = pa.array(texts, pa.string()), np.zeros(len(texts), np.int64)
    plain = TextForm(dictionary=True)
    form, held = plain.with_few("field.x", plain.encode("field.x", column, times)[0])
    assert form.coded == any(text is not None for text in texts)
    if not form.coded:
        return
    assert decode_form(form, "field.x", held, times).to_pylist() == texts
    again, fits = form.encode("field.x", column, times)
    assert again["field.x"].to_pylist() == held["field.x"].to_pylist()
    assert fits.tolist() == [text is not None for text in texts]
    found = equal_rows(form, "field.x", held, sought)
    assert found is not None
    assert found.to_pylist() == [text == sought for text in texts]


def test_many_texts_keep_a_dictionary() -> None:
    column, times = pa.array([f"user {n % 90}" for n in range(900)]), np.zeros(900, np.int64)
    plain = TextForm(dictionary=True)
    form, held = plain.with_few("field.x", plain.encode("field.x", column, times)[0])
    assert form == plain
    assert decode_form(form, "field.x", held, times).to_pylist() == column.to_pylist()


@settings(max_examples=200, deadline=None)
@given(messages.filter(lambda texts: bool(templates_of(pa.array(texts), len(texts), 1.0))))
def test_texts_of_templates_come_back_and_are_found(texts: list[str]) -> None:
    form = TemplatedForm(templates_of(pa.array(texts), len(texts), 1.0))
    again = msgspec.json.decode(msgspec.json.encode(form), type=TemplatedForm)
    held, fits = again.encode("field.x", pa.array(texts), np.zeros(len(texts), np.int64))
    back = decode_form(again, "field.x", held, np.zeros(len(texts), np.int64)).to_pylist()
    assert back == [text if fit else None for text, fit in zip(texts, fits, strict=True)]
    assert fits.any()
    for sought in texts[:5]:
        found = equal_rows(again, "field.x", held, sought)
        assert found is not None
        assert found.to_pylist() == [bool(fit) and text == sought for text, fit in zip(texts, fits, strict=True)]


def test_a_number_that_could_not_be_written_back_is_part_of_its_template() -> None:
    texts = pa.array(["at 007", "at 7", "at 1.50", "at 1234567890123456", "at 1.2345678901", "no number"])
    assert set(templates_of(texts, 8, 1.0)) == {
        Template(("at 007",), ()),
        Template(("at ", ""), (0,)),
        Template(("at ", ""), (2,)),
        Template(("at 1234567890123456",), ()),
        Template(("no number",), ()),
    }
    form = TemplatedForm(templates_of(texts, 8, 1.0))
    held, fits = form.encode("field.x", texts, np.zeros(6, np.int64))
    assert fits.tolist() == [True, True, True, True, False, True]
    assert decode_form(form, "field.x", held, np.zeros(6, np.int64)).to_pylist() == [
        text if fit else None for text, fit in zip(texts.to_pylist(), fits, strict=True)
    ]


def test_numbers_are_those_that_parsing_gives() -> None:
    texts = ["0.1", "-2.675", "123456789012345", "0.000000001", "999999.999999999"]
    form = DecimalForm(None)
    held, fits = form.encode("field.x", pa.array(texts), np.zeros(len(texts), np.int64))
    assert fits.all()
    assert form.numbers("field.x", held)[0].tolist() == [float(text) for text in texts]


def test_thousands_of_keys_make_no_thousands_of_columns() -> None:
    lines = [f'{{"a":1,"key{n}":{n}}}' for n in range(2000) for _ in range(2)]
    shaped = shape_lines(pa.array(lines), np.full(len(lines), NOON), 1)
    assert shaped is not None
    assert len(shaped.forms) <= MAX_COLUMNS
    assert portion_of(lines, shaped).column("line").to_pylist() == lines


def test_only_lower_case_hexadecimal_digits_are_read_as_such() -> None:
    digits = b"0123456789abcdef"
    for width in (16, 12, 2):
        texts = [
            bytes([*digits[:place], byte, *digits[place + 1 : width]]) for place in range(width) for byte in range(256)
        ]
        offsets = np.arange(len(texts) + 1, dtype=np.int32) * width
        out, fits = np.zeros(len(texts) * width // 2, np.uint8), np.zeros(len(texts), np.bool_)
        read_hex(np.frombuffer(b"".join(texts), np.uint8), offsets, width, out, fits)
        read = [out[row * width // 2 : (row + 1) * width // 2].tobytes() for row in range(len(texts))]
        assert [bool(fit) for fit in fits] == [not text.strip(digits) for text in texts]
        assert all(
            fits[row] == 0 or read[row] == bytes.fromhex(text.decode("latin-1")) for row, text in enumerate(texts)
        )
