"""The Python API, and a logging handler that ships to a server."""
