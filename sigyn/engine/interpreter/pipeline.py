"""The stages of a query, compiled."""

from collections.abc import Sequence

from sigyn.engine.interpreter.choices import compile_drop, compile_keep
from sigyn.engine.interpreter.decolorize import run_decolorize
from sigyn.engine.interpreter.entry import DUPLICATE_SUFFIX, RESERVED, Processed, Run
from sigyn.engine.interpreter.formats import compile_label_format, compile_line_format
from sigyn.engine.interpreter.json_fields import compile_json
from sigyn.engine.interpreter.json_paths import compile_json_paths
from sigyn.engine.interpreter.label_filters import compile_label_filter
from sigyn.engine.interpreter.line_filters import compile_line_filter
from sigyn.engine.interpreter.logfmt import compile_logfmt
from sigyn.engine.interpreter.patterns import compile_pattern
from sigyn.engine.interpreter.regexp import compile_regexp
from sigyn.engine.interpreter.unpack import run_unpack
from sigyn.engine.interpreter.unwrap import compile_number_stage, compile_unwrap
from sigyn.languages.logql import ast
from sigyn.model.labels import Labels


def compile_stage(stage: ast.Stage) -> Run:
    """Compile one stage. Raises BadRequest when an expression, pattern or template in it is broken."""
    match stage:
        case ast.LineFilter():
            return compile_line_filter(stage)
        case ast.JsonParser(extractions):
            return compile_json_paths(extractions) if extractions else compile_json()
        case ast.LogfmtParser():
            return compile_logfmt(stage)
        case ast.RegexpParser():
            return compile_regexp(stage)
        case ast.PatternParser():
            return compile_pattern(stage)
        case ast.Unpack():
            return run_unpack
        case ast.Decolorize():
            return run_decolorize
        case ast.LabelFilter(predicate):
            return compile_label_filter(predicate)
        case ast.LineFormat():
            return compile_line_format(stage)
        case ast.LabelFormat():
            return compile_label_format(stage)
        case ast.Drop():
            return compile_drop(stage)
        case ast.Keep():
            return compile_keep(stage)
        case ast.NumberStage():
            return compile_number_stage(stage)


class Pipeline:
    """Stages, and perhaps an unwrap at their end, as a function from entries to entries.

    Not for several threads at a time: it remembers the stream of the entry before.
    """

    def __init__(self, stages: Sequence[ast.Stage], unwrap: ast.Unwrap | None = None) -> None:
        """Compile the stages. Raises BadRequest when an expression, pattern or template is broken."""
        self._runs = [compile_stage(stage) for stage in stages]
        if unwrap is not None:
            self._runs.append(compile_unwrap(unwrap))
        self._stream: Labels = ()
        self._stream_labels: dict[str, str] = {}

    def process(self, stream: Labels, timestamp: int, line: str, metadata: Labels = ()) -> Processed | None:
        """The entry after all stages, or None when one of them dropped it.

        Structured metadata of the name of a stream label, or of one that stages set, gets `_extracted` first.
        """
        if stream is not self._stream:
            self._stream, self._stream_labels = stream, dict(stream)
        labels = self._stream_labels
        own = dict(metadata)
        if not labels.keys().isdisjoint(own) or not RESERVED.isdisjoint(own):
            taken = labels.keys() | RESERVED
            own = {name + DUPLICATE_SUFFIX if name in taken else name: value for name, value in metadata}
            labels = {name: value for name, value in labels.items() if name not in own}
        entry = Processed(timestamp, line, labels, own, {}, self._stream_labels)
        for run in self._runs:
            if not run(entry):
                return None
        return entry
