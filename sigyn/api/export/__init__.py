"""A log query's whole result as NDJSON, Arrow or Parquet, in constant memory."""
