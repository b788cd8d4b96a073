"""`| logfmt [--strict] [--keep-empty] [name="key", ...]`."""

from sigyn.engine.interpreter.entry import RESERVED, Processed, Run
from sigyn.engine.interpreter.logfmt_syntax import BadPair, pairs
from sigyn.engine.interpreter.names import NameCache
from sigyn.languages.logql import ast
from sigyn.model.labels import label_name

LOGFMT_ERROR = "LogfmtParserErr"


def compile_logfmt(stage: ast.LogfmtParser) -> Run:
    """Extract all pairs, or only those that are asked for.

    Without `--strict` bad pairs are skipped; with it the first one ends the parsing with
    `__error__="LogfmtParserErr"`. Empty values count only with `--keep-empty`. Of equal keys the
    first wins, or, when keys are asked for, the last.
    """
    return _compile_extractions(stage) if stage.extractions else _compile_all(stage)


def _compile_all(stage: ast.LogfmtParser) -> Run:
    names = NameCache()
    strict, keep_empty = stage.strict, stage.keep_empty

    def run(entry: Processed) -> bool:
        parsed, original, metadata = entry.parsed, entry.original, entry.metadata
        for pair in pairs(entry.line):
            if isinstance(pair, BadPair):
                if strict:
                    entry.fail(LOGFMT_ERROR, str(pair))
                    break
                continue
            key, value = pair
            if not value and not keep_empty:
                continue
            name = names[key]
            if name in original or name in metadata or name in RESERVED:
                name = entry.extracted_name(name)
            if name and name not in parsed:
                parsed[name] = value.replace("\ufffd", " ")
        return True

    return run


def _compile_extractions(stage: ast.LogfmtParser) -> Run:
    strict = stage.strict
    names = NameCache()
    wanted: dict[str, list[str]] = {}
    for extraction in stage.extractions:
        wanted.setdefault(label_name(extraction.expression), []).append(extraction.name)
    always_there = [extraction.name for extraction in stage.extractions if extraction.name not in RESERVED]

    def run(entry: Processed) -> bool:
        parsed = entry.parsed
        for pair in pairs(entry.line):
            if isinstance(pair, BadPair):
                if strict:
                    entry.fail(LOGFMT_ERROR, str(pair))
                    break
                continue
            key, value = pair
            for name in wanted.get(names[key], ()):
                parsed[entry.extracted_name(name)] = value.replace("\ufffd", " ")
        for name in always_there:
            if entry.get(name) is None:
                parsed[name] = ""
        return True

    return run
