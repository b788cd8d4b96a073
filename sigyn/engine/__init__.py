"""A query over the store: plan, SQL, reference interpreter, windows, vectors."""
