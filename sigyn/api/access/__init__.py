"""The door: every request over HTTP, WebSocket and gRPC is asked who it is before anything else."""
