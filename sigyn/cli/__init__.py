"""The command `sigyn`."""
