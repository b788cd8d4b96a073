"""Compiled loops over the bytes of lines: the parsers of LogQL, column by column.

DuckDB's own JSON functions rewrite numbers (`1.10` becomes `1.1`) and know nothing of Loki's
flattened label names, so the parsers are loops of our own over Arrow's string buffers. They run
without the GIL. A kernel extracts only the labels that a query needs, and only from lines that it
understands fully; any other line is marked hard, and the reference interpreter decides about it.
So a kernel may be narrow, but never different.
"""
