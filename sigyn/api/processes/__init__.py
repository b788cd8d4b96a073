"""Several processes that take in pushes: the owner of the store, and ingest processes that decode and encode for it."""
