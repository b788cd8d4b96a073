"""The Python API: open a store or a server, and get the answers to queries as Arrow tables."""
