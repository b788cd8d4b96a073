"""Answers of metric queries, kept in pieces of their steps, so that a refresh computes only what is new."""
