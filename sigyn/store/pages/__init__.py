"""Reads single rows of Parquet files that are mapped: their pages are looked into instead of decoded."""
