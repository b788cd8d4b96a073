"""Which SQL stands for a label, at a point of a pipeline.

A label is looked up as Loki resolves it: a label of the stream, else structured metadata, else a
parsed label; a stage that sets, renames, drops or keeps labels changes what later stages see.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sigyn.engine.frame import METADATA_PREFIX, STREAM_PREFIX
from sigyn.engine.sql.metadata_names import MetadataNames
from sigyn.engine.sql.steps import Parse, Step
from sigyn.engine.sql.text import NULL, Sql, any_of, build, column, literal
from sigyn.engine.sql.unsupported import Unsupported

ERROR = "__error__"
ERROR_DETAILS = "__error_details__"
EXTRACTED = "_extracted"


@dataclass(frozen=True, slots=True)
class Changed:
    """What stages had made of labels when a parser came behind them: `overrides` and `kept` of Scope."""

    overrides: Mapping[str, Sql]
    kept: frozenset[str] | None

    def decides(self, name: str) -> bool:
        """Whether what was known of a label before no longer counts."""
        return name in self.overrides or (self.kept is not None and name not in self.kept)


@dataclass(slots=True)
class Scope:
    """The labels and the line at a point of a pipeline.

    stream_names  names of the labels that some stream of the query has
    common_names  names of the labels that all of them have
    metadata      names that structured metadata of entries may have besides detected_level
    line          the line
    overrides     labels that a stage set (or removed: NULL), over all others
    moved         those of them that may still be labels of the stream, or structured metadata, under another name
    parsers       in order: what gives labels by their names, or the labels of one with a fixed list of names; and
                  what other stages changed before one of them
    kept          after `keep`: the only labels that are left
    steps         what has to be done to a frame so that the columns used exist
    doubts        conditions under which the interpreter has to decide about the entry
    errors        conditions under which the entry has __error__, with the error
    """

    stream_names: frozenset[str]
    common_names: frozenset[str]
    metadata: MetadataNames
    line: Sql = field(default_factory=lambda: column("line"))
    overrides: dict[str, Sql] = field(default_factory=dict)
    moved: set[str] = field(default_factory=set)
    parsers: list[Parse | Mapping[str, Sql] | Changed] = field(default_factory=list)
    kept: frozenset[str] | None = None
    steps: list[Step] = field(default_factory=list)
    doubts: list[Sql] = field(default_factory=list)
    errors: list[tuple[Sql, str]] = field(default_factory=list)

    @property
    def has_parser(self) -> bool:
        """Whether some stage made labels from the line."""
        return bool(self.parsers)

    @property
    def has_paths(self) -> bool:
        """Whether a parser gives labels that the query names, to every line that it understands."""
        return any(isinstance(parser, Parse) and bool(parser.paths) for parser in self.parsers)

    @property
    def parsed_names(self) -> frozenset[str] | None:
        """The labels that parsers may give; None: any."""
        names: set[str] = set()
        for parser in self.parsers:
            match parser:
                case Parse(paths=paths):
                    if not paths:
                        return None
                    names |= paths.keys()
                case Changed(overrides):
                    names |= overrides.keys()
                case _:
                    names |= parser.keys()
        return frozenset(names)

    @property
    def is_changed(self) -> bool:
        """Whether stages made or removed labels before a parser."""
        return any(isinstance(parser, Changed) for parser in self.parsers)

    def may_be_original(self, name: str) -> bool:
        """Whether an entry may have the label from its stream or structured metadata, before any stage."""
        return name in self.stream_names or name == "detected_level" or self.metadata.may_have(name)

    def begin_parser(self) -> None:
        """A parser is next: it leaves some labels alone that stages have made, and gives others anew.

        Raises Unsupported where it depends on where a label came from first.
        """
        if self.moved:
            raise Unsupported("a parser behind a stage that renamed a label")
        if self.overrides or self.kept is not None:
            self.parsers.append(Changed(dict(self.overrides), self.kept))
            self.overrides.clear()
            self.kept = None

    def fresh(self, stem: str) -> str:
        """A column name that is not taken."""
        return f"{stem}.{len(self.steps)}"

    def is_hard(self) -> Sql:
        """Whether the interpreter has to decide about the entry."""
        return any_of(self.doubts)

    def label(self, name: str) -> Sql:
        """SQL for the label: its text, NULL when the entry does not have it.

        Raises Unsupported where the answer depends on more than the entry's columns tell.
        """
        if name == ERROR:
            return self._error()
        if name == ERROR_DETAILS:
            raise Unsupported("__error_details__")
        if name in self.overrides:
            return self.overrides[name]
        if self.kept is not None and name not in self.kept:
            return NULL
        if name.endswith(EXTRACTED) and (self.has_parser or self.metadata.may_have(name.removesuffix(EXTRACTED))):
            return self._extracted(name)
        changed = [place for place, each in enumerate(self.parsers) if isinstance(each, Changed) and each.decides(name)]
        if changed:
            return self._behind_changes(name, changed[-1])
        if name in self.common_names:
            return column(STREAM_PREFIX + name)
        parsed = self._from_parsers(name)
        sources = [*self._stored(name), *([parsed] if parsed is not None else [])]
        if not sources:
            return NULL
        return _first_of(sources)

    def text(self, name: str) -> Sql:
        """SQL for the label's text, empty when the entry does not have it."""
        value = self.label(name)
        return literal("") if value is NULL else build("coalesce({}, '')", value)

    def is_stream_only(self, name: str) -> bool:
        """Whether the label's value is that of the stream, unchanged."""
        return self.label(name) == column(STREAM_PREFIX + name)

    def _stored(self, name: str) -> list[Sql]:
        sources = []
        if name in self.stream_names:
            sources.append(column(STREAM_PREFIX + name))
        if name == "detected_level":
            sources.append(column("detected_level"))
        elif self.metadata.may_have(name):
            sources.append(column(METADATA_PREFIX + name))
        return sources

    def _behind_changes(self, name: str, last: int) -> Sql:
        """A label that a stage set or removed before a parser; the last such change is at this place among the parsers.

        What the stream had at first, no parser gives, even where it was removed since.
        """
        change = self.parsers[last]
        assert isinstance(change, Changed)
        made = change.overrides.get(name, NULL)
        if name in self.common_names:
            return made
        if self.may_be_original(name):
            raise Unsupported("a parser behind a stage that changed a label which some entries have")
        found = self._from_parsers(name, since=last + 1, there=made)
        return NULL if found is None else found

    def _from_parsers(self, name: str, since: int = 0, there: Sql = NULL) -> Sql | None:
        """What parsers give: without expressions, json and logfmt leave a label that is there alone, others do not.

        Those from a place on, where a label is `there` already.
        """
        found: list[Sql] = [] if there is NULL else [there]
        for parser in self.parsers[since:]:
            if isinstance(parser, Changed):
                continue
            if not isinstance(parser, Parse):
                found = [*([parser[name]] if name in parser else []), *found]
            elif not parser.paths or name in parser.paths:
                wanted = parser.wanted
                if name not in wanted:
                    wanted[name] = f"{parser.hard}.{len(wanted)}"
                own = column(wanted[name])
                found = [self._at_path(own, _first_of(found))] if parser.paths and found else [*found, own]
        return _first_of(found) if found else None

    def _at_path(self, own: Sql, earlier: Sql) -> Sql:
        """What a parser with expressions gives, behind what was there: that stays only where the line has no such path.

        An empty text may be what the line has there, too, which is in doubt where something else was there.
        """
        self._doubt(build("({} = '' AND {} <> '')", own, earlier))
        return build("CASE WHEN {} <> '' THEN {} ELSE coalesce({}, {}) END", own, own, earlier, own)

    def _doubt(self, condition: Sql) -> None:
        if condition not in self.doubts:
            self.doubts.append(condition)

    def _extracted(self, name: str) -> Sql:
        """What a parser finds under the name of a label of the stream, or under this one; both are in doubt."""
        base = name.removesuffix(EXTRACTED)
        is_metadata = self.metadata.may_have(base) or self.metadata.may_have(name)
        is_metadata |= self.is_changed
        if is_metadata or name in self.stream_names or base in (ERROR, ERROR_DETAILS, "detected_level", ""):
            raise Unsupported(f"{name}, which depends on a clash of labels")
        own = self._from_parsers(name)
        clashing = self._from_parsers(base) if base in self.stream_names else None
        if clashing is None:
            return own if own is not None else NULL
        if self.has_paths:  # such a label is there only where the line has the value
            raise Unsupported(f"{name}, which depends on a clash of labels")
        of_stream = column(STREAM_PREFIX + base)
        if own is None:
            return build("CASE WHEN {} IS NOT NULL THEN {} END", of_stream, clashing)
        doubt = build("({} IS NOT NULL AND {} IS NOT NULL AND {} IS NOT NULL)", of_stream, clashing, own)
        self._doubt(doubt)
        return build("CASE WHEN {} IS NOT NULL THEN coalesce({}, {}) ELSE {} END", of_stream, clashing, own, own)

    def _error(self) -> Sql:
        if not self.errors:
            return NULL
        cases = [build("WHEN {} THEN {}", condition, literal(error)) for condition, error in self.errors]
        return build("CASE " + " ".join(["{}"] * len(cases)) + " END", *cases)


def _first_of(sources: Sequence[Sql]) -> Sql:
    """The first that is not NULL."""
    return sources[0] if len(sources) == 1 else build("coalesce(" + ", ".join(["{}"] * len(sources)) + ")", *sources)
