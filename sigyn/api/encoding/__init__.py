"""Answers as bytes."""
