"""Loki's HTTP API, one subject per file."""
