"""The needle filter: which row groups can hold a text at all.

A text that a query looks for is a needle; most are nowhere in most row groups. For each row group there is
a Bloom filter over two kinds of hashes:

- minimizers of its lines, and of structured metadata held as text: of each run of WINDOW neighbouring n-grams
  (GRAM bytes) the one with the smallest hash. Any text of at least NEEDLE_BYTES bytes holds a whole run, and so
  the minimizer of that run; if one of its minimizers is not in the filter, the text is not in the row group. A
  text is cut where its content says, so a needle is found wherever in a line it stands.
  Source: Schleimer, Wilkerson, Aiken, Winnowing: local algorithms for document fingerprinting, 2003.
- fields of shaped lines, as name and value together: so that `| json | user="u7"` skips row groups too,
  however short the value is; and those of structured metadata held in columns, however long.

A filter may say yes in vain; it never says no to what is there.
"""
