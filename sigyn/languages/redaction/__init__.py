"""Hiding what must not be stored: addresses, card numbers, tokens, passwords. The agent and the server share it."""
