"""LogQL pipelines as SQL over columns of entries, with kernels for the parsers."""
