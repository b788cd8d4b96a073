"""What a process does of itself, whether it is a server or an agent: how it takes signals."""
