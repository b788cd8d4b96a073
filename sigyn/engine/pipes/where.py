"""`| where count > 10`: a label filter over rows.

The predicate is run by the interpreter of label filters, so that a comparison means the same on both
sides of a pipe. Where it can't read a value, a label filter lets the entry pass with an error; a row
has no place for one, so it is left out.
"""

import numpy as np

from sigyn.engine.interpreter.entry import ERROR, Processed
from sigyn.engine.interpreter.errors import predicate_labels
from sigyn.engine.interpreter.label_filters import compile_label_filter
from sigyn.engine.pipes.rows import Rows
from sigyn.engine.pipes.values import texts_of
from sigyn.languages.logql.pipes import Where


def run_where(pipe: Where, rows: Rows) -> Rows:
    """The rows that satisfy the predicate."""
    keep = compile_label_filter(pipe.predicate)
    names = list(dict.fromkeys(predicate_labels(pipe.predicate)))
    columns = [texts_of(rows.column(name)) for name in names]
    kept = []
    for position, values in enumerate(zip(*columns, strict=True)):
        fields = {name: value for name, value in zip(names, values, strict=True) if value}
        had_error = ERROR in fields
        row = Processed(0, "", {}, {}, fields, {})
        if keep(row) and (had_error or ERROR not in row.parsed):
            kept.append(position)
    return rows.take(np.array(kept, np.int64))
