"""Lines as shapes and columns: what many lines have in common is stored once, what differs by field.

A line of JSON or logfmt is a *shape* with *holes*: the text that lines of one kind share (braces, keys,
quotes), and the places of the values. Lines of one shape need no text of their own: each value goes to
the column of its field, and shape and columns give the line back, byte for byte. A query that asks
for a field reads its column and parses nothing.

Only lines that the compiled parsers of LogQL understand fully have a shape (sigyn/engine/kernels); the
column of a field then holds exactly the text that `| json` or `| logfmt` would give. All others
stay text.
"""
