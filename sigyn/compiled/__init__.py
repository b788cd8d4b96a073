"""Loops over bytes and numbers as machine code."""
